//! The `opentracks` command: what is asked for on the command line, and nothing else.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use opentracks::app::{Error, run};
use opentracks::config::{self, Config};
use tracing_subscriber::EnvFilter;

/// A twentieth more answers a second than with the allocator of glibc: `cargo bench --bench explore`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A privacy-first GPS activity tracking backend.
#[derive(Parser)]
#[command(version, after_help = settings_help())]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the API and run jobs
    Serve,
    /// Run jobs and nothing else, beside a server
    Work,
    /// Bring the database up to date
    Migrate,
    /// Load demo tracks, published by a demo account
    Demo,
    /// What an operator does now and then
    #[command(subcommand)]
    Admin(AdminVerb),
}

#[derive(Subcommand)]
enum AdminVerb {
    /// Sign access tokens with a new key; the one before stays good for checking
    RotateTokenKey,
    /// Wrap every stored key with the first key of the master key file
    ///
    /// To rotate that key: put the new one on a line below the old one, in the file of every server, and restart
    /// all; move it on top, and restart all, one soon after the other; run this, and again until it says 0; then take
    /// the old line away and restart all. Keep the old key for as long as backups that were made before.
    #[command(verbatim_doc_comment)]
    Rewrap,
    /// Print the problem reports there are, the oldest first, each as a line of JSON
    ProblemReports,
    /// Erase again the accounts that a restored backup holds although they were erased since
    ReplayErasures,
}

fn main() -> ExitCode {
    let command = Command::parse();
    start_log();
    // What is no UTF-8 is none of our settings.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = match Config::read(environment) {
        Ok(config) => config,
        Err(error) => return fail(&error),
    };
    match carry_out(&command.verb, &config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn carry_out(verb: &Verb, config: &Config) -> Result<(), Error> {
    match verb {
        Verb::Serve => run::serve(config),
        Verb::Work => run::work(config),
        Verb::Migrate => run::migrate(config),
        Verb::Demo => run::load_demo(config),
        Verb::Admin(AdminVerb::RotateTokenKey) => run::rotate_token_key(config),
        Verb::Admin(AdminVerb::Rewrap) => run::rewrap(config),
        Verb::Admin(AdminVerb::ProblemReports) => run::print_problem_reports(config),
        Verb::Admin(AdminVerb::ReplayErasures) => run::replay_erasures(config),
    }
}

/// JSON lines on standard error.
fn start_log() {
    let filter = EnvFilter::try_from_env(config::LOG)
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn,lettre=warn"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    // There is nowhere left to report that standard error is closed.
    let _written = writeln!(std::io::stderr(), "opentracks: {error}");
    ExitCode::FAILURE
}

fn settings_help() -> String {
    let settings = config::SETTINGS.iter().map(|(name, _, help)| format!("  {name:<28}{help}"));
    let settings = settings.collect::<Vec<_>>().join("\n");
    format!(
        "Settings come from the environment, or from the TOML file that OPENTRACKS_CONFIG names\n\
         (the same names in lower case, without OPENTRACKS_):\n\n{settings}\n\n\
         {:<30}which log lines are printed [info]",
        format!("  {}", config::LOG)
    )
}
