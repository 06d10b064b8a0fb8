//! The peer of the crate `thrift`.
//!
//! ```text
//! peer serve PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS
//! peer call PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS CASES OUTCOMES
//! ```

#[allow(clippy::all, warnings)]
mod ids;
#[allow(clippy::all, warnings)]
mod peer;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use ids::*;
use peer::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use thrift::protocol::*;
use thrift::server::{TMultiplexedProcessor, TProcessor, TServer};
use thrift::transport::*;
use thrift::{Error, OrderedFloat, Result};
use uuid::Uuid;

/// Connections that are served at once.
const WORKERS: usize = 16;

#[derive(Clone)]
struct Dialect {
    protocol: String,
    transport: String,
    socket: String,
    service: String,
    address: String,
}

#[derive(Default)]
struct Handler {
    last_poke: AtomicI32,
}

impl PeerSyncHandler for Handler {
    fn handle_nothing(&self) -> Result<()> {
        Ok(())
    }
    fn handle_echo_flag(&self, v: bool) -> Result<bool> {
        Ok(v)
    }
    fn handle_echo_tiny(&self, v: i8) -> Result<i8> {
        Ok(v)
    }
    fn handle_echo_little(&self, v: i16) -> Result<i16> {
        Ok(v)
    }
    fn handle_echo_number(&self, v: i32) -> Result<i32> {
        Ok(v)
    }
    fn handle_echo_big(&self, v: i64) -> Result<i64> {
        Ok(v)
    }
    fn handle_echo_real(&self, v: OrderedFloat<f64>) -> Result<OrderedFloat<f64>> {
        Ok(v)
    }
    fn handle_echo_text(&self, v: String) -> Result<String> {
        Ok(v)
    }
    fn handle_echo_data(&self, v: Vec<u8>) -> Result<Vec<u8>> {
        Ok(v)
    }
    fn handle_echo_color(&self, v: Color) -> Result<Color> {
        Ok(v)
    }
    fn handle_echo_small(&self, v: Small) -> Result<Small> {
        Ok(v)
    }
    fn handle_echo_either(&self, v: Either) -> Result<Either> {
        Ok(v)
    }
    fn handle_echo_defaults(&self, v: Defaults) -> Result<Defaults> {
        Ok(v)
    }
    fn handle_echo_rows(&self, v: Vec<Vec<i32>>) -> Result<Vec<Vec<i32>>> {
        Ok(v)
    }
    fn handle_echo_text_set(&self, v: BTreeSet<String>) -> Result<BTreeSet<String>> {
        Ok(v)
    }
    fn handle_echo_groups(
        &self,
        v: BTreeMap<String, Vec<Small>>,
    ) -> Result<BTreeMap<String, Vec<Small>>> {
        Ok(v)
    }
    fn handle_echo(&self, v: Everything) -> Result<Everything> {
        Ok(v)
    }
    fn handle_evolve(&self, v: Versioned) -> Result<Versioned> {
        Ok(v)
    }

    fn handle_declared(&self, code: i32, reason: String) -> Result<i32> {
        let small = Small::new(code, reason.clone());
        Err(Declared::new(code, reason, small).into())
    }

    fn handle_undeclared(&self, reason: String) -> Result<i32> {
        Err(Error::User(reason.into()))
    }

    fn handle_poke(&self, v: i32) -> Result<()> {
        self.last_poke.store(v, Ordering::SeqCst);
        Ok(())
    }

    fn handle_poked(&self) -> Result<i32> {
        Ok(self.last_poke.load(Ordering::SeqCst))
    }
}

impl IdPeerSyncHandler for Handler {
    fn handle_echo_id(&self, v: Uuid) -> Result<Uuid> {
        Ok(v)
    }
    fn handle_echo_ids(&self, v: Ids) -> Result<Ids> {
        Ok(v)
    }
}

fn serve(dialect: &Dialect) -> Result<()> {
    let (reads, writes): (
        Box<dyn TReadTransportFactory>,
        Box<dyn TWriteTransportFactory>,
    ) = match dialect.transport.as_str() {
        "framed" => (
            Box::new(TFramedReadTransportFactory::new()),
            Box::new(TFramedWriteTransportFactory::new()),
        ),
        _ => (
            Box::new(TBufferedReadTransportFactory::new()),
            Box::new(TBufferedWriteTransportFactory::new()),
        ),
    };
    let (inputs, outputs): (
        Box<dyn TInputProtocolFactory>,
        Box<dyn TOutputProtocolFactory>,
    ) = match dialect.protocol.as_str() {
        "compact" => (
            Box::new(TCompactInputProtocolFactory::new()),
            Box::new(TCompactOutputProtocolFactory::new()),
        ),
        _ => (
            Box::new(TBinaryInputProtocolFactory::new()),
            Box::new(TBinaryOutputProtocolFactory::new()),
        ),
    };
    let processor = IdPeerSyncProcessor::new(Handler::default());
    if dialect.service == "-" {
        listen(
            dialect,
            TServer::new(reads, inputs, writes, outputs, processor, WORKERS),
        )
    } else {
        let mut several = TMultiplexedProcessor::new();
        several.register(dialect.service.clone(), Box::new(processor), false)?;
        listen(
            dialect,
            TServer::new(reads, inputs, writes, outputs, several, WORKERS),
        )
    }
}

fn listen<P, RTF, IPF, WTF, OPF>(
    dialect: &Dialect,
    mut server: TServer<P, RTF, IPF, WTF, OPF>,
) -> Result<()>
where
    P: TProcessor + Send + Sync + 'static,
    RTF: TReadTransportFactory + 'static,
    IPF: TInputProtocolFactory + 'static,
    WTF: TWriteTransportFactory + 'static,
    OPF: TOutputProtocolFactory + 'static,
{
    match dialect.socket.as_str() {
        "unix" => server.listen_uds(&dialect.address),
        "tls" => server.listen_tls(format!("127.0.0.1:{}", dialect.address), server_tls()),
        _ => server.listen(format!("127.0.0.1:{}", dialect.address)),
    }
}

fn certificate(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("INTEROP_CERTIFICATES").unwrap()).join(name)
}

fn server_tls() -> Arc<ServerConfig> {
    let path = certificate("server.pem");
    let certificates = CertificateDer::pem_file_iter(&path).unwrap();
    let chain = certificates.map(|each| each.unwrap()).collect();
    let key = PrivateKeyDer::from_pem_file(&path).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    Arc::new(config.with_single_cert(chain, key).unwrap())
}

fn client_tls() -> Arc<ClientConfig> {
    let authority = CertificateDer::from_pem_file(certificate("ca.pem")).unwrap();
    let mut known = RootCertStore::empty();
    known.add(authority).unwrap();
    let config = ClientConfig::builder().with_root_certificates(known);
    Arc::new(config.with_no_client_auth())
}

type Halves = (Box<dyn Read + Send>, Box<dyn Write + Send>);

fn halves<C>(channel: C) -> Result<Halves>
where
    C: TIoChannel + Read + Write + Send + 'static,
{
    let (reads, writes) = channel.split()?;
    Ok((Box::new(reads), Box::new(writes)))
}

type Client = LaterIdPeerSyncClient<Box<dyn TInputProtocol>, Box<dyn TOutputProtocol>>;

fn connect(dialect: &Dialect) -> Result<Client> {
    let address = format!("127.0.0.1:{}", dialect.address);
    let (reads, writes) = match dialect.socket.as_str() {
        "unix" => halves(UnixStream::connect(&dialect.address)?)?,
        "tls" => {
            let name = ServerName::try_from("127.0.0.1").unwrap();
            halves(TTlsClientChannel::connect(address, name, client_tls())?)?
        }
        _ => {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            halves(TTcpChannel::with_stream(stream))?
        }
    };
    let (reads, writes): (
        Box<dyn TReadTransport + Send>,
        Box<dyn TWriteTransport + Send>,
    ) = match dialect.transport.as_str() {
        "framed" => (
            Box::new(TFramedReadTransport::new(reads)),
            Box::new(TFramedWriteTransport::new(writes)),
        ),
        _ => (
            Box::new(TBufferedReadTransport::new(reads)),
            Box::new(TBufferedWriteTransport::new(writes)),
        ),
    };
    let (input, output): (Box<dyn TInputProtocol>, Box<dyn TOutputProtocol>) =
        match dialect.protocol.as_str() {
            "compact" => (
                Box::new(TCompactInputProtocol::new(reads)),
                Box::new(TCompactOutputProtocol::new(writes)),
            ),
            _ => (
                Box::new(TBinaryInputProtocol::new(reads, true)),
                Box::new(TBinaryOutputProtocol::new(writes, true)),
            ),
        };
    let output = match dialect.service.as_str() {
        "-" => output,
        service => Box::new(TMultiplexedOutputProtocol::new(service, output)),
    };
    Ok(Client::new(input, output))
}

/// Of the struct that comes back; both in binary.
fn ids_of(client: &mut Client, data: &[u8]) -> Result<Vec<u8>> {
    let ids = Ids::read_from_in_protocol(&mut TBinaryInputProtocol::new(data, true))?;
    let mut written = Vec::new();
    let mut output = TBinaryOutputProtocol::new(&mut written, true);
    client.echo_ids(ids)?.write_to_out_protocol(&mut output)?;
    Ok(written)
}

fn many(dialect: &Dialect, case: &Case) -> Result<i64> {
    let count = case.count.unwrap_or(1);
    let threads: Vec<_> = (0..case.connections.unwrap_or(1))
        .map(|_| {
            let dialect = dialect.clone();
            std::thread::spawn(move || {
                let mut client = connect(&dialect)?;
                (1..=count)
                    .map(|number| client.echo_number(number).map(i64::from))
                    .sum::<Result<i64>>()
            })
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum::<Result<i64>>()
}

fn call(dialect: &Dialect, client: &mut Client, case: &Case) -> Result<Everything> {
    let v = case.value.clone().unwrap_or_default();
    let mut answer = Everything::default();
    let text = || v.text.clone().unwrap();
    match case.method.as_deref().unwrap_or_default() {
        "nothing" => client.nothing()?,
        "echo" => return client.echo(v),
        "echoFlag" => answer.flag = Some(client.echo_flag(v.flag.unwrap())?),
        "echoTiny" => answer.tiny = Some(client.echo_tiny(v.tiny.unwrap())?),
        "echoLittle" => answer.little = Some(client.echo_little(v.little.unwrap())?),
        "echoNumber" => answer.number = Some(client.echo_number(v.number.unwrap())?),
        "echoBig" => answer.big = Some(client.echo_big(v.big.unwrap())?),
        "echoReal" => answer.real = Some(client.echo_real(v.real.unwrap())?),
        "echoText" => answer.text = Some(client.echo_text(text())?),
        "echoData" => answer.data = Some(client.echo_data(v.data.unwrap())?),
        "echoColor" => answer.color = Some(client.echo_color(v.color.unwrap())?),
        "echoSmall" => answer.small = Some(client.echo_small(v.small.unwrap())?),
        "echoEither" => answer.either = Some(client.echo_either(v.either.unwrap())?),
        "echoDefaults" => answer.defaults = Some(client.echo_defaults(v.defaults.unwrap())?),
        "echoRows" => answer.rows = Some(client.echo_rows(v.rows.unwrap())?),
        "echoTextSet" => answer.text_set = Some(client.echo_text_set(v.text_set.unwrap())?),
        "echoGroups" => answer.groups = Some(client.echo_groups(v.groups.unwrap())?),
        "echoId" => {
            let id = Uuid::from_slice(&v.data.unwrap())?;
            answer.data = Some(client.echo_id(id)?.into_bytes().into());
        }
        "echoIds" => answer.data = Some(ids_of(client, &v.data.unwrap())?),
        "evolve" => answer.versioned = Some(client.evolve(v.versioned.unwrap())?),
        "declared" => answer.number = Some(client.declared(v.number.unwrap(), text())?),
        "undeclared" => answer.number = Some(client.undeclared(text())?),
        "unknown" => answer.number = Some(client.unknown(v.number.unwrap())?),
        "many" => answer.big = Some(many(dialect, case)?),
        "oneway" => {
            client.poke(v.number.unwrap())?;
            answer.number = Some(client.poked()?);
        }
        method => return Err(format!("there is no method {method}").into()),
    }
    Ok(answer)
}

fn call_all(dialect: &Dialect, given: &str, written: &str) -> Result<()> {
    let file = std::fs::read(given)?;
    let mut input = TBinaryInputProtocol::new(file.as_slice(), true);
    let cases = Cases::read_from_in_protocol(&mut input)?
        .cases
        .unwrap_or_default();
    let mut outcomes = Vec::new();
    let mut client = None;
    for case in &cases {
        let mut outcome = Outcome {
            name: case.name.clone(),
            kind: Some(Kind::VALUE),
            value: Some(Everything::default()),
            declared: None,
            type_: Some(0),
            message: Some(String::new()),
        };
        let result = match client.take().map_or_else(|| connect(dialect), Ok) {
            Ok(mut connected) => {
                let result = call(dialect, &mut connected, case);
                client = Some(connected);
                result
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(value) => outcome.value = Some(value),
            Err(Error::User(error)) if error.is::<Declared>() => {
                outcome.kind = Some(Kind::DECLARED);
                outcome.declared = error.downcast_ref::<Declared>().cloned();
            }
            Err(Error::Application(error)) => {
                outcome.kind = Some(Kind::APPLICATION);
                outcome.type_ = Some(error.kind as i32);
                outcome.message = Some(error.message);
            }
            Err(error) => {
                outcome.kind = Some(Kind::TRANSPORT);
                outcome.message = Some(error.to_string());
                client = None;
            }
        }
        outcomes.push(outcome);
    }
    let mut bytes = Vec::new();
    let mut output = TBinaryOutputProtocol::new(&mut bytes, true);
    Outcomes::new(outcomes).write_to_out_protocol(&mut output)?;
    std::fs::write(written, bytes)?;
    Ok(())
}

fn main() -> Result<()> {
    let [
        verb,
        protocol,
        transport,
        socket,
        service,
        address,
        files @ ..,
    ] = &std::env::args().skip(1).collect::<Vec<_>>()[..]
    else {
        panic!("peer VERB PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS [CASES OUTCOMES]");
    };
    let [protocol, transport, socket, service, address] =
        [protocol, transport, socket, service, address].map(String::clone);
    let dialect = Dialect {
        protocol,
        transport,
        socket,
        service,
        address,
    };
    match (verb.as_str(), files) {
        ("serve", []) => serve(&dialect),
        ("call", [given, written]) => call_all(&dialect, given, written),
        _ => panic!("{verb} takes other arguments"),
    }
}
