//! A private PostgreSQL cluster: started by the server, reached by a Unix socket alone, gone when
//! the server is gone, however it went.

use std::fmt::Write;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

/// A running cluster. Dropping it stops it.
pub struct Cluster {
    socket_folder: PathBuf,
    pid: u32,
    /// Waits for the postmaster. The kernel ends the postmaster when the *thread* that started it
    /// ends, so one thread starts it and does nothing else for as long as it runs.
    keeper: Option<JoinHandle<()>>,
    log: Log,
    /// Held until the postmaster has ended.
    _lock: File,
}

/// Whether the cluster must survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What was committed is on disk.
    Durable,
    /// For tests: fast, and gone with the machine.
    Fleeting,
}

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL is not installed.
    #[error(
        "PostgreSQL is not installed; on Debian: apt-get install postgresql-15 postgresql-15-postgis-3, \
         or give DATABASE_URL"
    )]
    NotInstalled,
    /// A file or program could not be used.
    #[error("the private PostgreSQL cluster could not be set up: {0}")]
    Io(#[from] io::Error),
    /// Another server, or what is left of it, works on the same folder.
    #[error(
        "another opentracks works on the PostgreSQL cluster in {0}; wait until it has ended, or give DATABASE_URL"
    )]
    InUse(String),
    /// A program failed.
    #[error("{program} failed: {reason}; see {log}")]
    Failed {
        /// Which.
        program: &'static str,
        /// What it says.
        reason: String,
        /// Where it says more.
        log: String,
    },
}

/// The user that runs PostgreSQL when the server runs as root, which PostgreSQL refuses to do.
const SYSTEM_USER: &str = "postgres";
/// The name of the database, and of the user that owns it.
const NAME: &str = "opentracks";
/// How long a start may take: after a crash, PostgreSQL replays its log first.
const START_MAX: Duration = Duration::from_mins(1);
/// How long a predecessor on the same folder may take to go down: a postmaster that lost its server
/// gives its children five seconds. Counted in looks of 10 ms each: a machine that stands still for a while has
/// looked once.
const HANDOVER_LOOKS: u32 = 1_000;
const POLL: Duration = Duration::from_millis(10);
/// The longest path a socket can have (`sun_path`), less the name PostgreSQL adds.
const SOCKET_FOLDER_BYTES_MAX: usize = 107 - "/.s.PGSQL.5432".len();

impl Cluster {
    /// Starts the cluster that lives under `data`; makes it first if there is none. Its log begins anew when it
    /// goes back beyond `oldest`.
    pub fn start(data: &Path, durability: Durability, oldest: NaiveDate) -> Result<Self, Error> {
        fs::create_dir_all(data)?;
        let data = data.canonicalize()?;
        let tools = Tools::find()?;
        let home = home(&data, &tools)?;
        let lock = lock(&home)?;
        let folder = home.join("postgres");
        let log = Log::at(home.join("postgres.log"));
        log.forget_before(oldest)?;
        if !folder.join("PG_VERSION").exists() {
            make(&folder, &log, &lock, &tools)?;
        }
        let socket_folder = socket_folder(&home, &tools)?;
        let said_before = log.length();
        let mut command = tools.command(&tools.path("postgres"));
        command.arg("-D").arg(&folder).arg("-k").arg(&socket_folder);
        command.args(settings(durability).flat_map(|setting| ["-c".to_owned(), setting]));
        command.stdin(lock.try_clone()?).stdout(log.open()?).stderr(log.open()?);
        let (pid, keeper) = spawn(command)?;
        let cluster = Self { socket_folder, pid, keeper: Some(keeper), log, _lock: lock };
        if !cluster.wait_until_ready(&tools, &folder)? {
            return Err(cluster.log.failed("postgres", said_before));
        }
        cluster.make_database(&tools)?;
        Ok(cluster)
    }

    /// The address of the product's database, as the user that owns it.
    pub fn url(&self) -> String {
        self.url_of(NAME)
    }

    /// The address of another database of the cluster.
    pub fn url_of(&self, database: &str) -> String {
        let folder = percent_encode(self.socket_folder.as_os_str().as_encoded_bytes());
        format!("postgres://{NAME}@{folder}/{database}")
    }

    /// Where it writes what it has to say.
    pub fn log(&self) -> Log {
        self.log.clone()
    }

    /// Whether it came to answer; `false` when it ended or took too long.
    fn wait_until_ready(&self, tools: &Tools, folder: &Path) -> Result<bool, Error> {
        let deadline = Instant::now() + START_MAX;
        while Instant::now() < deadline {
            if self.keeper.as_ref().is_none_or(JoinHandle::is_finished) {
                return Ok(false);
            }
            let mut ask = Command::new(tools.path("pg_isready"));
            ask.args(["-q", "-U", NAME, "-d", "postgres", "-h"]).arg(&self.socket_folder);
            // One that an operator started on the same folder would answer too.
            if owner(folder) == Some(self.pid) && ask.status()?.success() {
                return Ok(true);
            }
            thread::sleep(POLL);
        }
        Ok(false)
    }

    fn make_database(&self, tools: &Tools) -> Result<(), Error> {
        let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{NAME}'");
        let mut psql = Command::new(tools.path("psql"));
        psql.arg("-h")
            .arg(&self.socket_folder)
            .args(["-U", NAME, "-d", "postgres", "-Atqc", &exists]);
        if psql.stderr(self.log.open()?).output()?.stdout.starts_with(b"1") {
            return Ok(());
        }
        let mut create = Command::new(tools.path("createdb"));
        create.arg("-h").arg(&self.socket_folder).args(["-U", NAME, NAME]);
        self.log.check("createdb", create)
    }

    fn stop(&mut self) {
        let Some(keeper) = self.keeper.take() else { return };
        // Once it has ended, its number may be another process's.
        if keeper.is_finished() {
            return;
        }
        // SIGINT is PostgreSQL's fast shutdown: it ends connections and writes everything out.
        let stopped = Command::new("sh").args(["-c", &format!("kill -INT {}", self.pid)]).status();
        if stopped.is_ok_and(|status| status.success()) {
            let _ended = keeper.join();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Where PostgreSQL's programs are, and as whom they run.
struct Tools {
    folder: PathBuf,
    as_root: bool,
}

impl Tools {
    fn find() -> Result<Self, Error> {
        // The newest version that Debian's packages brought, else what is in the path.
        let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
            .unwrap_or_default();
        versions.sort();
        let paths = std::env::var_os("PATH").unwrap_or_default();
        versions.splice(0..0, std::env::split_paths(&paths));
        let folder = versions.into_iter().rfind(|folder| folder.join("initdb").exists());
        let folder = folder.ok_or(Error::NotInstalled)?;
        Ok(Self { folder, as_root: fs::metadata("/proc/self")?.uid() == 0 })
    }

    fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// A command that runs `program` as a user that PostgreSQL accepts, and ends with its parent.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig").arg("QUIT");
        if self.as_root {
            let user = [format!("--reuid={SYSTEM_USER}"), format!("--regid={SYSTEM_USER}")];
            command.args(user).arg("--init-groups");
        }
        // A parent that ended before it was watched sends no signal.
        command.args(["--", "sh", "-c", "test $PPID = $0 && exec \"$@\""]);
        command.arg(std::process::id().to_string()).arg(program).stdin(Stdio::null());
        // In a group of its own, so that Ctrl-C reaches the server first.
        command.process_group(0).current_dir("/");
        command
    }

    /// Makes a folder that belongs to the user that runs PostgreSQL, for nobody else to enter.
    fn make_folder(&self, folder: &Path) -> Result<(), Error> {
        super::make_private_folder(folder)?;
        if self.as_root {
            let mut chown = Command::new("chown");
            chown.arg(format!("{SYSTEM_USER}:")).arg(folder);
            if !chown.status()?.success() {
                return Err(Error::NotInstalled);
            }
        }
        Ok(())
    }
}

/// Where the cluster lives: with the data, unless the user that runs PostgreSQL cannot get there
/// (a checkout below `/root`), then in `/var/lib`, under a name that follows from the data folder.
fn home(data: &Path, tools: &Tools) -> Result<PathBuf, Error> {
    let mut reach = tools.command(Path::new("test"));
    if reach.arg("-x").arg(data).status()?.success() {
        return Ok(data.to_owned());
    }
    let home = PathBuf::from(format!("/var/lib/opentracks-{}", short_hash(data)));
    tools.make_folder(&home)?;
    Ok(home)
}

fn socket_folder(home: &Path, tools: &Tools) -> Result<PathBuf, Error> {
    let mut folder = home.join("postgres-socket");
    if SOCKET_FOLDER_BYTES_MAX < folder.as_os_str().len() {
        folder = PathBuf::from(format!("/tmp/opentracks-{}", short_hash(home)));
    }
    tools.make_folder(&folder)?;
    Ok(folder)
}

fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    format!("{:08x}", u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
}

/// Which process runs on a cluster's folder.
fn owner(folder: &Path) -> Option<u32> {
    fs::read_to_string(folder.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
}

/// All but letters and digits as `%XX`, for a path in the place of a host.
fn percent_encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(*byte));
        } else {
            // Writing to a text cannot fail.
            let _written = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// Takes the cluster of `home` for this server. Every program that works on the cluster is given the
/// lock as its standard input, and hands it down: so it is free again when the last of them has
/// ended, whichever was killed first.
fn lock(home: &Path) -> Result<File, Error> {
    let lock = File::options().create(true).append(true).open(home.join("postgres.lock"))?;
    for _ in 0..HANDOVER_LOOKS {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) => thread::sleep(POLL),
        }
    }
    Err(Error::InUse(home.display().to_string()))
}

/// Makes a cluster beside its place and moves it there when it is whole and on disk.
fn make(folder: &Path, log: &Log, lock: &File, tools: &Tools) -> Result<(), Error> {
    let unfinished = folder.with_extension("new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    tools.make_folder(&unfinished)?;
    let initdb = || -> io::Result<Command> {
        let mut initdb = tools.command(&tools.path("initdb"));
        initdb.arg("-D").arg(&unfinished).stdin(lock.try_clone()?);
        Ok(initdb)
    };
    let mut fill = initdb()?;
    // Whoever can enter the socket's folder may connect: the server's own user alone.
    fill.args(["--no-sync", "--locale=C.UTF-8", "-E", "UTF8", "-A", "trust", "-U", NAME]);
    log.check("initdb", fill)?;
    let mut sync = initdb()?;
    sync.arg("--sync-only");
    log.check("initdb", sync)?;
    fs::rename(&unfinished, folder)?;
    // The name is on disk only when the folder around it is.
    folder.parent().map_or(Ok(()), |home| File::open(home)?.sync_all())?;
    Ok(())
}

/// Runs a postmaster; returns its process and the thread that keeps it.
fn spawn(mut command: Command) -> Result<(u32, JoinHandle<()>), Error> {
    let (sender, receiver) = mpsc::channel::<io::Result<u32>>();
    let keeper = thread::Builder::new().name("postgres keeper".to_owned()).spawn(move || {
        let started = command.spawn();
        // It holds the lock that the postmaster has now.
        drop(command);
        let _heard =
            sender.send(started.as_ref().map(Child::id).map_err(|error| error.kind().into()));
        if let Ok(mut child) = started {
            let _status = child.wait();
        }
    })?;
    let pid = receiver.recv().map_err(io::Error::other)??;
    Ok((pid, keeper))
}

/// No TCP. Statements and the details of errors hold personal data, so neither is logged.
fn settings(durability: Durability) -> impl Iterator<Item = String> {
    const ALWAYS: &[&str] = &[
        "listen_addresses=",
        "unix_socket_permissions=0700",
        "log_statement=none",
        "log_min_error_statement=panic",
        "log_error_verbosity=terse",
        "jit=off",
        "max_connections=200",
    ];
    // What happens by itself, whenever it likes, is nothing that a test is about: one statement may be planned in
    // two ways, a file of the log be renamed.
    const FLEETING: &[&str] = &[
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "shared_buffers=128MB",
        "autovacuum=off",
        "wal_keep_size=256MB",
    ];
    let more = match durability {
        Durability::Durable => vec![format!("shared_buffers={}MB", buffers_mb())],
        Durability::Fleeting => FLEETING.iter().map(ToString::to_string).collect(),
    };
    ALWAYS.iter().map(ToString::to_string).chain(more)
}

/// A quarter of the memory, as PostgreSQL's manual advises: whoever reads has to write out what others changed
/// where there are too few, and waits for the disk.
fn buffers_mb() -> u64 {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = told.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let total_kb = total.and_then(|total| total.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    (total_kb.unwrap_or_default() / 1024 / 4).clamp(128, 8 * 1024)
}

/// Where the programs of PostgreSQL write what they have to say, each behind what is there.
#[derive(Clone)]
pub struct Log(PathBuf);

impl Log {
    /// The log at `path`.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    fn open(&self) -> io::Result<File> {
        File::options().create(true).append(true).open(&self.0)
    }

    /// Lets all of it go if its first line with a day is of one before `oldest`, also while it is written.
    pub fn forget_before(&self, oldest: NaiveDate) -> io::Result<()> {
        let Ok(log) = File::open(&self.0) else { return Ok(()) };
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let first = lines.find_map(|line| line.get(..10)?.parse::<NaiveDate>().ok());
        match first {
            Some(first) if first < oldest => self.open()?.set_len(0),
            Some(_) | None => Ok(()),
        }
    }

    fn length(&self) -> u64 {
        fs::metadata(&self.0).map_or(0, |log| log.len())
    }

    /// Runs a program to its end, which must be a good one.
    fn check(&self, program: &'static str, mut command: Command) -> Result<(), Error> {
        let said_before = self.length();
        let status = command.stdout(self.open()?).stderr(self.open()?).status()?;
        if status.success() { Ok(()) } else { Err(self.failed(program, said_before)) }
    }

    /// Why a program failed: of what was written behind `said_before`, the last line that names an
    /// error, else the last.
    fn failed(&self, program: &'static str, said_before: u64) -> Error {
        let said = self.said_since(said_before).unwrap_or_default();
        let names_an_error =
            |line: &&str| ["FATAL:", "PANIC:", "error:"].iter().any(|word| line.contains(word));
        let reason = said.lines().rfind(names_an_error).or_else(|| said.lines().next_back());
        Error::Failed {
            program,
            reason: reason.unwrap_or("it does not say why").trim().to_owned(),
            log: self.0.display().to_string(),
        }
    }

    fn said_since(&self, said_before: u64) -> io::Result<String> {
        let mut log = File::open(&self.0)?;
        log.seek(SeekFrom::Start(said_before))?;
        let mut said = Vec::new();
        log.read_to_end(&mut said)?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}
