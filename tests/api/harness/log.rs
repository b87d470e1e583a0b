//! What the servers of this process log: kept to be searched, and all of their answers held against the contract.

use std::collections::BTreeSet;
use std::io::Write;
use std::panic;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

/// Everything that this process logged.
pub fn logged() -> String {
    String::from_utf8_lossy(&LOG.0.lock().unwrap()).into_owned()
}

/// What the process logs, as the server would write it, kept to be searched.
pub static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (report, told) = (panic::take_hook(), log.clone());
    panic::set_hook(Box::new(move |failure| {
        report(failure);
        told.complain();
    }));
    log
});

/// An answer: the method and the route of the request, and the status.
pub type Answer = (String, String, String);

/// All that servers of this process have answered.
static ANSWERED: Mutex<BTreeSet<Answer>> = Mutex::new(BTreeSet::new());

/// Those that the contract does not list. Each is told once: the next test is about something else.
pub fn take_unlisted() -> Vec<Answer> {
    ANSWERED.lock().unwrap().extract_if(.., |answer| !is_listed(answer)).collect()
}

/// Whether a client that knows the contract expects an answer.
fn is_listed((method, route, status): &Answer) -> bool {
    static PATHS: LazyLock<Value> =
        LazyLock::new(|| json!(opentracks::http::contract())["paths"].take());
    let method = if method == "HEAD" { "GET" } else { method };
    let call = &PATHS[route][method.to_lowercase()];
    // What is no call of ours is not in it, and refused; nor is a fault of ours, which some tests make.
    call.is_null() || status == "500" || call["responses"].get(status).is_some()
}

/// How many complaints are shown with a failure.
const COMPLAINTS: usize = 5;

#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Says of what the servers complained last: it may be why a test fails.
    #[expect(clippy::print_stderr, reason = "for whoever reads of the failure")]
    fn complain(&self) {
        let Ok(log) = self.0.try_lock() else { return };
        let text = String::from_utf8_lossy(&log);
        let levels = ["\"level\":\"WARN\"", "\"level\":\"ERROR\""];
        let complaints = text.lines().rev().filter(|line| {
            levels.iter().any(|level| line.contains(level))
                && line.contains("\"target\":\"opentracks")
        });
        for line in complaints.take(COMPLAINTS) {
            eprintln!("{line}");
        }
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        let line = str::from_utf8(bytes).unwrap();
        if line.contains("\"message\":\"Answered\"") {
            let line: Value = serde_json::from_str(line).unwrap();
            let fields = &line["fields"];
            let [method, route] =
                ["method", "route"].map(|name| fields[name].as_str().unwrap().to_owned());
            ANSWERED.lock().unwrap().insert((method, route, fields["status"].to_string()));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
