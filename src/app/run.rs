//! The commands: each builds what it needs, does its work, and takes everything down again.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::{App, Database, Error, demo, master_key, system_clock};
use crate::config::Config;
use crate::db;
use crate::http;
use crate::track::towns;

/// How long a stopping server says that it is not ready before it takes no more requests, so that
/// whoever balances the load has seen it.
const DRAIN: Duration = Duration::from_millis(500);

/// How long jobs and tasks may take to end what they are at, once nobody is served any more. What they leave is taken up
/// again by whoever comes next, when its lease is over.
const WORK_END_MAX: Duration = Duration::from_secs(10);

/// Serves the API and runs jobs, until a signal says stop.
pub fn serve(config: &Config) -> Result<(), Error> {
    with_app(config, async |app| {
        let signals = StopSignals::listen()?;
        tokio::task::spawn_blocking(towns::load);
        let listener = TcpListener::bind(config.listen)?;
        let address = listener.local_addr()?;
        let server = app.serve(listener)?;
        let (stop, stopped) = watch::channel(false);
        let worker = tokio::spawn({
            let worker = app.worker();
            async move { worker.run(stopped).await }
        });
        let handle = server.handle();
        let served = tokio::spawn(server);
        let metrics = serve_metrics(config)?;
        announce(address);
        signals.wait().await;
        app.draining().begin();
        // At once: what works and what serves end side by side.
        let _receivers_gone = stop.send(true);
        tokio::time::sleep(DRAIN).await;
        handle.stop(true).await;
        let _ended = served.await;
        let _ended = tokio::time::timeout(WORK_END_MAX, worker).await;
        if let Some(metrics) = metrics {
            metrics.stop(false).await;
        }
        Ok(())
    })
}

/// Runs jobs and nothing else, until a signal says stop.
pub fn work(config: &Config) -> Result<(), Error> {
    with_app(config, async |app| {
        let signals = StopSignals::listen()?;
        let (stop, stopped) = watch::channel(false);
        let worker = app.worker();
        let worker = tokio::spawn(async move { worker.run(stopped).await });
        signals.wait().await;
        let _receivers_gone = stop.send(true);
        let _ended = tokio::time::timeout(WORK_END_MAX, worker).await;
        Ok(())
    })
}

/// Applies the pending migrations.
pub fn migrate(config: &Config) -> Result<(), Error> {
    let database = Database::start(config)?;
    Runtime::new()?.block_on(async {
        let master = master_key(config, &database).await?;
        Ok(db::migrate(&database.url, &master).await?)
    })
}

/// Loads the demo tracks, and says how to sign in.
pub fn load_demo(config: &Config) -> Result<(), Error> {
    with_app(config, async |app| demo::load(&app, config).await)
}

/// Makes a new key to sign access tokens with; the one before still checks.
pub fn rotate_token_key(config: &Config) -> Result<(), Error> {
    with_app(config, async |app| {
        let service = app.service();
        let generation = db::rotate_access_token_key(&service.db, app.clock.now()).await?;
        say(&format!("Access tokens are signed with key {generation} now."));
        Ok(())
    })
}

/// Wraps every stored key with the first key of the master key file.
pub fn rewrap(config: &Config) -> Result<(), Error> {
    with_app(config, async |app| {
        let rewrapped = app.service().db.rewrap_keys().await?;
        let next = if rewrapped == 0 {
            "Old lines of the key file can go."
        } else {
            "Run it again: old lines of the key file can go when it says 0."
        };
        say(&format!("{rewrapped} keys are wrapped anew. {next}"));
        Ok(())
    })
}

/// How many problem reports are read in one go.
const REPORTS_AT_ONCE: i64 = 100;

/// Prints the problem reports there are, the oldest first, each as a line of JSON.
pub fn print_problem_reports(config: &Config) -> Result<(), Error> {
    with_app(config, async |app| {
        let (db, mut after) = (&app.service().db, None);
        loop {
            let reports = db.reports(after, REPORTS_AT_ONCE).await?;
            let Some((at, id, _)) = reports.last() else { return Ok(()) };
            after = Some((*at, *id));
            for (at, _, report) in &reports {
                let line = serde_json::json!({ "received_at": at, "report": report });
                writeln!(std::io::stdout(), "{line}")?;
            }
        }
    })
}

/// Erases again what a restored database has forgotten was erased. Every command hides it first; this one says
/// how much there was, and waits until it is gone.
pub fn replay_erasures(config: &Config) -> Result<(), Error> {
    with_replayed(config, async |app, replayed| {
        app.service().finish_erasures(app.clock.now()).await?;
        say(&format!("{replayed} accounts were there again that are erased. Now they are not."));
        Ok(())
    })
}

/// Starts the database, brings it up to date, builds the server and hands it to `work`.
fn with_app(
    config: &Config,
    work: impl AsyncFnOnce(App) -> Result<(), Error>,
) -> Result<(), Error> {
    with_replayed(config, async |app, _| work(app).await)
}

/// The same, with how many erasures a restored database had forgotten.
fn with_replayed(
    config: &Config,
    work: impl AsyncFnOnce(App, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let database = Database::start(config)?;
    let runtime = Runtime::new()?;
    let done = runtime.block_on(async {
        let master = master_key(config, &database).await?;
        db::migrate(&database.url, &master).await?;
        let app = App::build(config, &database.url, master, system_clock()).await?;
        let app = app.with_database_log(database.log());
        // Before anything is served of a database that may have been restored.
        let replayed = app.service().replay_erasures(app.clock.now()).await?;
        work(app, replayed).await
    });
    // Nor is a thread waited for that draws a picture nobody will get.
    runtime.shutdown_timeout(WORK_END_MAX);
    done
}

fn serve_metrics(config: &Config) -> Result<Option<actix_web::dev::ServerHandle>, Error> {
    let Some(address) = config.metrics_listen else { return Ok(None) };
    // Fails when there is a recorder already, which only another server in this process has.
    let Ok(figures) = PrometheusBuilder::new().install_recorder() else { return Ok(None) };
    let server = http::metrics::serve(TcpListener::bind(address)?, figures)?;
    let handle = server.handle();
    tokio::spawn(server);
    Ok(Some(handle))
}

/// What tells the program to stop. Listened for before the program says that it is there.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self, Error> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn announce(address: SocketAddr) {
    say(&format!(
        "OpenTracks serves on http://{address}\n  http://{address}/docs/     browse and try the API\n  \
         http://{address}/privacy   what is kept, why and how long\nCtrl-C stops everything."
    ));
}

/// Says something to whoever started the program, if they still listen.
fn say(text: &str) {
    let _nobody_listens = std::io::stdout().write_all(format!("{text}\n").as_bytes());
}
