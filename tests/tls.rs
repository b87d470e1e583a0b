//! The way to a database that is somewhere else: encrypted, and checked, as its URL says.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]
#![allow(missing_docs, reason = "names of tests are claims, and say it all")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use opentracks::edge::cluster::{Cluster, Durability};
use uuid::Uuid;

/// A PostgreSQL that takes connections with TLS and no others. The kernel ends it with the test.
struct TlsDatabase {
    folder: PathBuf,
    process: Child,
    /// The address that its certificate names.
    named: String,
    /// Another address of the same server.
    unnamed: String,
}

impl TlsDatabase {
    fn start() -> Self {
        let folder =
            std::env::temp_dir().join(format!("opentracks-tls-{}", Uuid::new_v4().simple()));
        drop(Cluster::start(&folder, Durability::Fleeting, chrono::NaiveDate::MIN).unwrap());
        // Nobody else listens there: every process has a loopback address of its own.
        let [.., high, low] = std::process::id().to_be_bytes();
        let (named, unnamed) = (format!("127.57.{high}.{low}"), format!("127.58.{high}.{low}"));
        make_certificate(&folder, &named);
        fs::write(folder.join("hba"), "hostssl all all 127.0.0.0/8 trust\n").unwrap();
        let as_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        if as_root {
            let mut chown = Command::new("chown");
            assert!(chown.args(["-R", "postgres:"]).arg(&folder).status().unwrap().success());
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        }
        let file = |name: &str| folder.join(name).display().to_string();
        command.arg("--").arg(program("postgres")).arg("-D").arg(folder.join("postgres"));
        for setting in [
            format!("listen_addresses={named},{unnamed}"),
            format!("unix_socket_directories={}", file("postgres-socket")),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", file("certificate")),
            format!("ssl_key_file={}", file("key")),
            format!("hba_file={}", file("hba")),
        ] {
            command.args(["-c", &setting]);
        }
        let log = fs::File::create(folder.join("log")).unwrap();
        let process = command.current_dir("/").stderr(log).spawn().unwrap();
        let mut database = Self { folder, process, named, unnamed };
        database.wait_until_ready();
        database
    }

    fn wait_until_ready(&mut self) {
        let is_ready = |host: &str| {
            let mut ask = Command::new(program("pg_isready"));
            ask.args(["-q", "-h", host]).status().unwrap().success()
        };
        while !is_ready(&self.named) {
            let log = || fs::read_to_string(self.folder.join("log")).unwrap();
            assert!(self.process.try_wait().unwrap().is_none(), "{}", log());
            std::thread::yield_now();
        }
    }

    /// Runs the program on this database.
    fn run(&self, verb: &[&str], host: &str, query: &str) -> Command {
        run(&self.folder, verb, &format!("postgres://opentracks@{host}/opentracks{query}"))
    }
}

impl Drop for TlsDatabase {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
        let _removed = fs::remove_dir_all(&self.folder);
    }
}

/// A key, and a certificate that vouches for itself, as the server at `address`.
fn make_certificate(folder: &Path, address: &str) {
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]);
    openssl.args(["-addext", "basicConstraints=CA:FALSE"]);
    openssl.args(["-addext", &format!("subjectAltName=IP:{address}")]);
    openssl.arg("-keyout").arg(folder.join("key")).arg("-out").arg(folder.join("certificate"));
    let made = openssl.stderr(Stdio::null()).status().unwrap();
    assert!(made.success());
}

/// A program of PostgreSQL: the newest that Debian has, else one in the path.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin").join(name));
    programs.filter(|program| program.exists()).max().unwrap_or_else(|| PathBuf::from(name))
}

fn run(data: &Path, verb: &[&str], url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opentracks"));
    command.args(verb).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("OPENTRACKS_DATA", data.join("data")).env("DATABASE_URL", url);
    command
}

#[track_caller]
fn works(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[track_caller]
fn fails_because(mut command: Command, reason: &str) {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    assert!(said(&output).contains(reason), "{}", said(&output));
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_database_is_reached_with_tls_as_its_url_says() {
    let database = TlsDatabase::start();
    let migrate = |host: &str, query: &str| database.run(&["migrate"], host, query);
    let (named, unnamed) = (&database.named, &database.unnamed);
    let authority = database.folder.join("certificate").display().to_string();

    fails_because(migrate(named, "?sslmode=disable"), "no encryption");
    works(migrate(named, ""));
    works(migrate(named, "?sslmode=prefer"));
    works(migrate(unnamed, "?sslmode=require&application_name=opentracks"));

    let checked = format!("?sslmode=verify-full&sslrootcert={authority}");
    works(migrate(named, &checked));
    fails_because(migrate(unnamed, &checked), "not valid for name");
    fails_because(migrate(named, "?sslmode=verify-full"), "UnknownIssuer");
    let mut known_to_the_machine = migrate(named, "?sslmode=verify-full");
    known_to_the_machine.env("SSL_CERT_FILE", &authority);
    works(known_to_the_machine);

    // The pools of a server go the same way.
    works(database.run(&["admin", "rewrap"], named, &checked));
    fails_because(database.run(&["admin", "rewrap"], named, "?sslmode=disable"), "no encryption");
}

/// Whoever stands in between may say that there is no TLS.
#[test]
fn where_tls_is_asked_for_nothing_is_said_without() {
    for query in ["sslmode=require", "sslmode=verify-full"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://me:s3cret@{}/db?{query}", listener.local_addr().unwrap());
        let heard = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 8];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(b"N").unwrap();
            // Whatever else it says, it gets no answer.
            stream.read(&mut request).unwrap_or(0)
        });
        let data = std::env::temp_dir().join(format!("opentracks-tls-{}", Uuid::new_v4().simple()));
        fails_because(run(&data, &["migrate"], &url), "server does not support TLS");
        assert_eq!(heard.join().unwrap(), 0, "{query}");
        let _nothing_made = fs::remove_dir_all(data);
    }
}

#[test]
fn a_way_to_ask_for_tls_that_is_not_known_is_refused() {
    let data = std::env::temp_dir();
    for query in
        ["sslmode=verify-ca", "sslmode=allow", "sslmode=", "sslrootcert=/a&sslmode=require"]
    {
        let url = format!("postgres://me:s3cret@127.0.0.1:1/db?{query}");
        fails_because(run(&data, &["migrate"], &url), "sslmode of DATABASE_URL must be");
    }
}
