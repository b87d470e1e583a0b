//! The composition root: the only place that builds things and reads the clock.

mod database;
pub mod demo;
pub mod run;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::{App as ActixApp, web};
use tokio::sync::watch;
use utoipa_actix_web::AppExt;

use crate::actions::{self, Cores, Passwords, Service};
use crate::config::{Config, is_this_machine};
use crate::db::{self, Commons, Db};
use crate::domain::{Clock, Invalid};
use crate::edge::cluster::Log;
use crate::edge::files::{self, Files};
use crate::edge::mail::{self, Destination, Mailer};
use crate::edge::terrain::Terrain;
use crate::edge::{self, cluster};
use crate::http::docs::Contract;
use crate::http::health::Draining;
use crate::http::network::Proxies;
use crate::http::pace::Pace;
use crate::http::refusal::{Connection, DEFAULT_HEADERS};
use crate::http::room::{AnswerRoom, UploadRoom};
use crate::http::tiles::PublicUrl;
use crate::http::turns::Turns;
use crate::http::{self, Methods, log, origins};
use crate::jobs::Worker;
use crate::privacy::policy::{Declared, Processor, ProcessorPurpose};
use crate::seal::{AccessTokens, MasterKey, UnusableKey};

pub use database::{Database, master_key, system_clock};

/// Everything a server is made of.
pub struct App {
    service: web::Data<Service>,
    commons: web::Data<Commons>,
    tokens: Arc<AccessTokens>,
    worker: Arc<Worker>,
    clock: Clock,
    policy: web::Data<Declared>,
    room: web::Data<UploadRoom>,
    answers: web::Data<AnswerRoom>,
    turns: web::Data<Turns>,
    proxies: web::Data<Proxies>,
    draining: web::Data<Draining>,
    contract: web::Data<Contract>,
    methods: web::Data<Methods>,
    public_url: web::Data<PublicUrl>,
    pace: Pace,
    workers: usize,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error("{0}")]
    Database(#[from] db::Error),
    /// The private cluster.
    #[error("{0}")]
    Cluster(#[from] cluster::Error),
    /// The blob store.
    #[error("{0}")]
    Files(#[from] files::Error),
    /// Mail.
    #[error("{0}")]
    Mail(#[from] mail::Error),
    /// The master key.
    #[error("{0}")]
    Key(#[from] UnusableKey),
    /// A file or socket.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A verb was not carried out.
    #[error("{0}")]
    Action(#[from] actions::Error),
    /// A built-in text is not fit.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// The demo account could not be made.
    #[error("the demo account could not be made")]
    NoDemo,
    /// The master key file is not there.
    #[error("OPENTRACKS_MASTER_KEY_FILE names no file; without it nothing in the database opens")]
    NoKey,
}

/// How much memory all uploads may take at once, in bytes.
const UPLOAD_ROOM_BYTES: usize = 512 * 1024 * 1024;
/// How much memory all large answers may take until they are read, in bytes.
const ANSWER_ROOM_BYTES: usize = 512 * 1024 * 1024;
/// What of either one account, or one network, may take: the largest upload, and some.
const SHARE_BYTES: usize = 192 * 1024 * 1024;
/// How many pictures are decoded at once: each may take as much memory as `picture` allows.
const DRAWN_AT_ONCE: usize = 2;
/// How long a client may go on sending what was refused, when it has told the length: what comes in chunks has an end
/// that can be waited for, as long as it keeps the pace of a body.
const LINGER_MAX: Duration = Duration::from_mins(1);
/// How long a server that stops waits for the answers it owes, in seconds.
const SHUTDOWN_S: u64 = 30;

impl App {
    /// Builds a server on a migrated database.
    pub async fn build(
        config: &Config,
        database_url: &str,
        master: MasterKey,
        clock: Clock,
    ) -> Result<Self, Error> {
        edge::choose_tls();
        let commons = Commons::open(database_url, &master)?;
        let db = Db::open(database_url, master, clock.now()).await?;
        let public_url = config.public_url.as_str().trim_end_matches('/').to_owned();
        let keys = db::load_access_token_keys(&db).await?;
        let tokens = Arc::new(AccessTokens::new(public_url.clone(), &keys));
        let s3 = config.s3.iter().map(|(name, value)| (name.as_str(), value.expose()));
        let files = Files::open(&config.blobs, s3)?;
        let mailer = Mailer::new(&config.mail.sender, &config.mail.destination)?;
        let cores = available_parallelism().map_or(2, usize::from);
        let api = http::contract();
        let service = Arc::new(Service {
            db,
            files,
            tokens: tokens.clone(),
            passwords: Passwords::new(cores),
            cores: Cores::new(cores),
            drawing: Cores::new(cores.min(DRAWN_AT_ONCE)),
            terrain: config
                .elevation
                .as_deref()
                .map_or_else(|| Ok(Terrain::default()), Terrain::in_folder)?,
            public_url: public_url.clone(),
        });
        Ok(Self {
            service: web::Data::from(service.clone()),
            worker: Arc::new(Worker { service, mailer, database_log: None, clock: clock.clone() }),
            commons: web::Data::new(commons),
            tokens,
            clock,
            policy: web::Data::new(declared(config)),
            room: web::Data::new(UploadRoom::new(UPLOAD_ROOM_BYTES, SHARE_BYTES)),
            answers: web::Data::new(AnswerRoom::new(ANSWER_ROOM_BYTES, SHARE_BYTES, 2 * cores)),
            turns: web::Data::new(Turns::default()),
            proxies: web::Data::new(Proxies::new(config.trusted_proxies.clone())),
            draining: web::Data::new(Draining::default()),
            methods: web::Data::new(Methods::of(&api)),
            contract: web::Data::new(Contract::new(api, &public_url)),
            public_url: web::Data::new(PublicUrl(public_url)),
            pace: Pace::default(),
            workers: cores,
        })
    }

    /// The same server with another pace for clients.
    #[must_use]
    pub fn with_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// The same server with so much room for uploads and for large answers each, in bytes, of which nobody takes
    /// more than a share; at most `loads_max` large answers are loaded at a time.
    #[must_use]
    pub fn with_room(self, bytes_max: usize, share_bytes_max: usize, loads_max: usize) -> Self {
        let room = web::Data::new(UploadRoom::new(bytes_max, share_bytes_max));
        let answers = web::Data::new(AnswerRoom::new(bytes_max, share_bytes_max, loads_max));
        Self { room, answers, ..self }
    }

    /// The same server, seeing to it that what its database logs is not kept for too long.
    #[must_use]
    pub fn with_database_log(self, database_log: Option<Log>) -> Self {
        let Worker { service, mailer, clock, .. } = self.worker.as_ref().clone();
        Self { worker: Arc::new(Worker { service, mailer, database_log, clock }), ..self }
    }

    /// The same server with another number of threads for requests.
    #[must_use]
    pub fn with_workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// What runs jobs.
    pub fn worker(&self) -> Arc<Worker> {
        self.worker.clone()
    }

    /// What acts for owners.
    pub fn service(&self) -> web::Data<Service> {
        self.service.clone()
    }

    /// What is told when the server is about to stop.
    pub fn draining(&self) -> web::Data<Draining> {
        self.draining.clone()
    }

    /// Serves on `listener`.
    pub fn serve(&self, listener: TcpListener) -> Result<Server, Error> {
        let (service, commons, clock) =
            (self.service.clone(), self.commons.clone(), web::Data::new(self.clock.clone()));
        let (tokens, policy) = (web::Data::from(self.tokens.clone()), self.policy.clone());
        let (room, answers, turns) = (self.room.clone(), self.answers.clone(), self.turns.clone());
        let public_url = self.public_url.clone();
        let (draining, contract, methods, proxies) = (
            self.draining.clone(),
            self.contract.clone(),
            self.methods.clone(),
            self.proxies.clone(),
        );
        let pace = self.pace;
        let build = move || {
            ActixApp::new()
                .app_data(service.clone())
                .app_data(commons.clone())
                .app_data(clock.clone())
                .app_data(tokens.clone())
                .app_data(policy.clone())
                .app_data(room.clone())
                .app_data(answers.clone())
                .app_data(turns.clone())
                .app_data(proxies.clone())
                .app_data(draining.clone())
                .app_data(contract.clone())
                .app_data(methods.clone())
                .app_data(public_url.clone())
                .app_data(web::Data::new(pace))
                .wrap(from_fn(log::head_as_get))
                .wrap(from_fn(origins::open_to_pages))
                .wrap(default_headers())
                .wrap(from_fn(log::log))
                .into_utoipa_app()
                .configure(http::routes)
                .into_app()
        };
        let server =
            Server::build().workers(self.workers).shutdown_timeout(SHUTDOWN_S).disable_signals();
        let stopping = server.graceful_shutdown_signal();
        // As `HttpServer` does it, but for the stream, and for how long a client is listened to that goes on sending
        // what was refused: it may read the answer only then.
        let server = server.listen("opentracks", listener, move || {
            let stopping = stopping.clone();
            let http = HttpService::build()
                .client_request_timeout(pace.head_max)
                .client_disconnect_timeout(LINGER_MAX)
                .on_connect_ext(|connection: &Connection, data| {
                    data.insert(connection.asked());
                })
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .h1(map_config(build().into_factory(), |()| AppConfig::default()));
            let connect = move |stream: TcpStream| {
                let peer = stream.peer_addr().ok();
                async move { Ok((Connection::new(stream, pace), peer)) }
            };
            fn_service(connect).and_then(http)
        })?;
        Ok(server.run())
    }

    /// Runs jobs until `stop` says so.
    pub async fn work(&self, stop: watch::Receiver<bool>) {
        self.worker.run(stop).await;
    }
}

fn default_headers() -> DefaultHeaders {
    DEFAULT_HEADERS.iter().fold(DefaultHeaders::new(), |headers, header| headers.add(*header))
}

/// What the policy states of this server, by its settings.
fn declared(config: &Config) -> Declared {
    Declared {
        operator: config.operator.clone(),
        hosting: config.hosting.clone(),
        processors: processors(config),
    }
}

/// Whom this server hands data to, by its settings.
fn processors(config: &Config) -> Vec<Processor> {
    let mut processors = Vec::new();
    if let Destination::Smtp(url) = &config.mail.destination {
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(ToOwned::to_owned));
        let name = host.unwrap_or_else(|| "the operator's mail server".to_owned());
        processors.push(Processor { purpose: ProcessorPurpose::Mail, name });
    }
    if config.blobs.scheme() != "file" {
        let name = config.blobs.host_str().unwrap_or_default().to_owned();
        processors.push(Processor { purpose: ProcessorPurpose::Files, name });
    }
    let database = config.database_url.as_ref().and_then(|url| url::Url::parse(url.expose()).ok());
    let host = database.as_ref().and_then(url::Url::host_str).filter(|host| !is_this_machine(host));
    processors.extend(
        host.map(|host| Processor { purpose: ProcessorPurpose::Database, name: host.to_owned() }),
    );
    processors
}
