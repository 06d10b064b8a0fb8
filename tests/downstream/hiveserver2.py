"""An Impala on top of SQLite, as far as impyla's tests ask: databases, statements, results.

Run in a process of its own, it serves `ImpalaService.thrift` with thriftpy2, so that the
library under test has a peer that is not itself: `python hiveserver2.py IDL HOST PORT`.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import threading
import uuid
from dataclasses import dataclass
from typing import Any

import thriftpy2
from thriftpy2.rpc import make_server

SHOW_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
# Statements that SQLite has other words for, or none.
STATEMENTS = (
    (r"SHOW TABLES", SHOW_TABLES),
    (r"SHOW (AGGREGATE )?FUNCTIONS", "SELECT 'type', 'name' WHERE 0"),
    (r"SET .*", ""),
    (r"(CREATE TABLE .*) STORED AS \w+", r"\1"),
)


@dataclass
class Session:
    database: str = "default"


@dataclass
class Operation:
    # Name, type, precision and scale of each column; None for a statement without a result.
    columns: list[tuple[str, str, int, int]] | None
    rows: list[tuple[Any, ...]]
    # How many rows were fetched.
    taken: int = 0


class Handler:
    def __init__(self, idl: Any) -> None:
        self.idl = idl
        # The structs of HiveServer2 itself.
        self.cli = idl.TCLIService
        self.sessions: dict[bytes, Session] = {}
        self.operations: dict[bytes, Operation] = {}
        self.databases = {"default": database()}
        self.lock = threading.Lock()

    @property
    def ok(self) -> Any:
        return self.cli.TStatus(self.cli.TStatusCode.SUCCESS_STATUS)

    def handle(self) -> Any:
        return self.cli.THandleIdentifier(guid=uuid.uuid4().bytes, secret=uuid.uuid4().bytes)

    def OpenSession(self, req):
        handle = self.handle()
        self.sessions[handle.guid] = Session()
        return self.cli.TOpenSessionResp(
            status=self.ok,
            serverProtocolVersion=req.client_protocol,
            sessionHandle=self.cli.TSessionHandle(handle),
            configuration={},
        )

    def CloseSession(self, req):
        self.sessions.pop(req.sessionHandle.sessionId.guid, None)
        return self.cli.TCloseSessionResp(self.ok)

    def ExecuteStatement(self, req):
        session = self.sessions[req.sessionHandle.sessionId.guid]
        try:
            with self.lock:
                operation = self.execute(session, req.statement.strip())
        except (sqlite3.Error, LookupError) as error:
            code = self.cli.TStatusCode.ERROR_STATUS
            return self.cli.TExecuteStatementResp(
                self.cli.TStatus(code, errorMessage=f"{type(error).__name__}: {error}")
            )
        return self.cli.TExecuteStatementResp(self.ok, self.register(operation))

    def register(self, operation: Operation) -> Any:
        handle = self.handle()
        self.operations[handle.guid] = operation
        return self.cli.TOperationHandle(
            operationId=handle,
            operationType=self.cli.TOperationType.EXECUTE_STATEMENT,
            hasResultSet=operation.columns is not None,
        )

    def execute(self, session: Session, statement: str) -> Operation:
        words = statement.split()
        match [word.upper() for word in words[:2]]:
            case ["USE", _]:
                if words[1] not in self.databases:
                    raise LookupError(f"there is no database {words[1]}")
                session.database = words[1]
                return Operation(None, [])
            case ["CREATE", "DATABASE"]:
                self.databases[words[2]] = database()
                return Operation(None, [])
            case ["DROP", "DATABASE"]:
                del self.databases[words[-1]]
                return Operation(None, [])
        for pattern, replacement in STATEMENTS:
            flags = re.IGNORECASE | re.DOTALL
            statement = re.sub(rf"\A{pattern}\Z", replacement, statement, flags=flags)
        # Impala escapes a quote by a backslash; a database is a connection of its own here.
        statement = statement.replace("\\'", "''").replace(f"{session.database}.", "")
        connection = self.databases[session.database]
        cursor = connection.execute(statement)
        if cursor.description is None:
            return Operation(None, [])
        rows = cursor.fetchall()
        columns = [
            (name, *type_of(connection, name, [row[position] for row in rows]))
            for position, (name, *_) in enumerate(cursor.description)
        ]
        return Operation(columns, rows)

    def GetOperationStatus(self, req):
        operation = self.operations[req.operationHandle.operationId.guid]
        return self.cli.TGetOperationStatusResp(
            status=self.ok,
            operationState=self.cli.TOperationState.FINISHED_STATE,
            hasResultSet=operation.columns is not None,
        )

    def GetResultSetMetadata(self, req):
        operation = self.operations[req.operationHandle.operationId.guid]
        cli = self.cli
        columns = []
        for position, (name, type_, precision, scale) in enumerate(operation.columns):
            entry = cli.TPrimitiveTypeEntry(getattr(cli.TTypeId, f"{type_}_TYPE"))
            if type_ == "DECIMAL":
                value = cli.TTypeQualifierValue
                entry.typeQualifiers = cli.TTypeQualifiers(
                    {"precision": value(i32Value=precision), "scale": value(i32Value=scale)}
                )
            description = cli.TTypeDesc([cli.TTypeEntry(primitiveEntry=entry)])
            columns.append(cli.TColumnDesc(name, description, position))
        return cli.TGetResultSetMetadataResp(self.ok, cli.TTableSchema(columns))

    def FetchResults(self, req):
        operation = self.operations[req.operationHandle.operationId.guid]
        rows = operation.rows[operation.taken :][: req.maxRows]
        columns = [
            self.column(type_, [row[position] for row in rows])
            for position, (_, type_, _, _) in enumerate(operation.columns)
        ]
        results = self.cli.TRowSet(operation.taken, [], columns)
        operation.taken += len(rows)
        return self.cli.TFetchResultsResp(self.ok, operation.taken < len(operation.rows), results)

    def column(self, type_: str, values: list[Any]) -> Any:
        """A column of values, with a bit for each that is NULL."""
        nulls = bytearray((len(values) + 7) // 8)
        for position, value in enumerate(values):
            if value is None:
                nulls[position // 8] |= 1 << position % 8
        field, struct, empty = {
            "INT": ("i32Val", self.cli.TI32Column, 0),
            "BIGINT": ("i64Val", self.cli.TI64Column, 0),
            "DOUBLE": ("doubleVal", self.cli.TDoubleColumn, 0.0),
        }.get(type_, ("stringVal", self.cli.TStringColumn, ""))
        filled = [empty if value is None else type(empty)(value) for value in values]
        return self.cli.TColumn(**{field: struct(filled, bytes(nulls))})

    def CloseOperation(self, req):
        self.operations.pop(req.operationHandle.operationId.guid, None)
        return self.cli.TCloseOperationResp(self.ok)


def database() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)


def type_of(connection: sqlite3.Connection, name: str, values: list[Any]) -> tuple[str, int, int]:
    """The type of a result's column: that of a table's column of this name, or the values'."""
    for (table,) in connection.execute(SHOW_TABLES).fetchall():
        for _, column, declared, *_ in connection.execute(f"PRAGMA table_info({table})"):
            if column == name:
                type_, *numbers = re.findall(r"\w+", declared)
                precision, scale = map(int, numbers or (0, 0))
                return type_.upper(), precision, scale
    kinds = {type(value) for value in values if value is not None}
    return {int: "INT", float: "DOUBLE"}.get(next(iter(kinds), str), "STRING"), 0, 0


def main() -> None:
    path, host, port = sys.argv[1:]
    idl = thriftpy2.load(path, "ImpalaService_thrift")
    service = idl.ImpalaHiveServer2Service
    make_server(service, Handler(idl), host, int(port), client_timeout=None).serve()


if __name__ == "__main__":
    main()
