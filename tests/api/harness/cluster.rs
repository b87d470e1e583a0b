//! One PostgreSQL for all tests of this process, and a database for each.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use opentracks::db;
use opentracks::edge::cluster::{Cluster, Durability};
use opentracks::seal::MasterKey;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// One cluster for all tests of this process; the kernel ends it with the process.
pub static CLUSTER: LazyLock<TestCluster> = LazyLock::new(TestCluster::start);

pub struct TestCluster {
    pub cluster: Cluster,
    pub folder: PathBuf,
    /// Whoever reads from it removes the folder once this process is no more.
    _end: ChildStdin,
}

/// Where files lie in memory: a database has a thousand of them, which takes a disk half a second.
const MEMORY: &str = "/dev/shm";
/// How much room there has to be, in bytes: some hundred megabytes are taken.
const ROOM_MIN_BYTES: u64 = 4 << 30;

impl TestCluster {
    fn start() -> Self {
        let all = if ROOM_MIN_BYTES <= room(MEMORY) { MEMORY.into() } else { std::env::temp_dir() };
        let folder = all.join(format!("opentracks-test-{}", std::process::id()));
        // Of a process that had the same number, if it is there.
        let _removed = fs::remove_dir_all(&folder);
        let end = remove_in_the_end(&folder);
        let cluster =
            Cluster::start(&folder, Durability::Fleeting, chrono::NaiveDate::MIN).unwrap();
        Self { cluster, folder, _end: end }
    }
}

/// How many bytes are free there.
fn room(folder: &str) -> u64 {
    let told = Command::new("df").args(["--output=avail", "-B1", folder]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    told.lines().nth(1).and_then(|free| free.trim().parse().ok()).unwrap_or_default()
}

/// However this process ends. The cluster needs a moment to do so after it.
fn remove_in_the_end(folder: &Path) -> ChildStdin {
    let script = "cat; for _ in 1 2 3 4 5; do sleep 1; rm -rf \"$0\" && break; done";
    let mut remover = Command::new("sh");
    remover.args(["-c", script]).arg(folder).process_group(0);
    let remover = remover.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    remover.spawn().unwrap().stdin.take().unwrap()
}

/// A copy of the migrated template: copying files is far faster than running migrations again.
pub async fn fresh_database() -> String {
    static TEMPLATE: OnceCell<()> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let url = CLUSTER.cluster.url();
            let master = MasterKey::parse_file(&MasterKey::generate_file()).unwrap();
            // On a thread of its own: the harness of migrations blocks.
            tokio::task::spawn_blocking(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async {
                    db::migrate(&url, &master).await.unwrap();
                });
            })
            .await
            .unwrap();
        })
        .await;
    create_database("opentracks").await
}

/// How patient the logins to a database are, see [`super::PATIENT`]. Who waits for each other is still told at once.
const PATIENCE: [(&str, &str, &str); 4] = [
    ("opentracks_owner", "lock_timeout", "60s"),
    ("opentracks_owner", "statement_timeout", "60s"),
    ("opentracks_owner", "idle_in_transaction_session_timeout", "5min"),
    ("opentracks_commons", "statement_timeout", "60s"),
];

/// The databases whose tests have ended.
pub static ENDED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A new database made from `template`, in the place of those whose tests have ended: what is gone soon is never
/// written to the disk.
pub async fn create_database(template: &str) -> String {
    let mut conn = AsyncPgConnection::establish(&CLUSTER.cluster.url_of("postgres")).await.unwrap();
    let ended = std::mem::take(&mut *ENDED.lock().unwrap());
    for name in ended {
        conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    }
    let name = format!("test_{}", Uuid::new_v4().simple());
    let statement = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY");
    conn.batch_execute(&statement).await.unwrap();
    for (role, setting, value) in PATIENCE {
        let statement = format!("ALTER ROLE {role} IN DATABASE {name} SET {setting} = '{value}'");
        conn.batch_execute(&statement).await.unwrap();
    }
    CLUSTER.cluster.url_of(&name)
}

/// A new database with what a backup holds.
pub async fn restore(dump: &[u8]) -> String {
    let url = create_database("template0").await;
    let mut psql = Command::new("psql");
    psql.args(["-q", "-v", "ON_ERROR_STOP=1"]).arg(&url);
    psql.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut psql = psql.spawn().unwrap();
    psql.stdin.take().unwrap().write_all(dump).unwrap();
    assert!(psql.wait().unwrap().success());
    url
}
