"""Client and server under gevent's monkey-patching: a waiting call stops nobody else."""

from support.greenlets import run


def test_waiting_calls_let_others_work_and_close_ends_serve():
    output = run(
        """
        def wait(ticket):
            with client_of(port) as client:
                return client.wait(ticket)

        waiting = [gevent.spawn(wait, ticket) for ticket in range(3)]
        while not handler.waiting.is_set():
            gevent.sleep(0.01)
        with client_of(port) as idle, client_of(port) as client:
            idle.add(1, 2)
            print(client.add(1, 2))
            server.close()
            handler.go_on.set()
            gevent.joinall(waiting, timeout=PATIENCE)
            print(*[call.value for call in waiting])
            print(serve.join(PATIENCE), serve.successful())
        """
    )
    assert output == ["3", "0", "1", "2", "None", "True"]


def test_killed_greenlet_leaves_no_answer_behind():
    output = run(
        """
        with client_of(port) as client:
            call = gevent.spawn(client.wait, 41)
            while not handler.waiting.is_set():
                gevent.sleep(0.01)
            call.kill()
            handler.go_on.set()
            try:
                print(client.add(1, 2))
            except TTransportException as error:
                print(error.type == TTransportException.NOT_OPEN)
            client._iprot.trans.open()
            print(client.add(1, 2))
        server.close()
        serve.get(timeout=PATIENCE)
        """
    )
    assert output == ["True", "3"]


def test_greenlets_share_a_client():
    output = run(
        """
        with client_of(port) as client:
            calls = [gevent.spawn(client.add, number, 1000) for number in range(200)]
            gevent.joinall(calls, timeout=PATIENCE)
            print([call.value for call in calls] == [number + 1000 for number in range(200)])
        server.close()
        serve.get(timeout=PATIENCE)
        """
    )
    assert output == ["True"]
