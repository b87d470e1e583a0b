//! How the database is reached: where its URL says, and with TLS as its `sslmode` says.

use std::error::Error as _;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

use super::Error;

/// After how long a silent connection is asked whether the other side is still there, and how long what is sent may go
/// without being received.
const SILENT_MAX: Duration = Duration::from_secs(15);
/// How often it is asked then.
const ASKED_EVERY: Duration = Duration::from_secs(5);
/// How long a request waits for a connection before it is told to come back: the least, which holds unless more is
/// asked for, and the most.
const WAIT_MAX: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_mins(1);

/// Where the database is, as whom it is entered, and how that is kept from others.
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Address {
    /// Reads `postgres://…`. TLS is as libpq has it: `disable`, `prefer` (unless said otherwise) and
    /// `require` look at no certificate; `verify-full` wants one for the host, from an authority in
    /// the file `sslrootcert` or else one that the machine knows. A Unix socket needs none of it.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let url = Url::parse(url).map_err(|_| Error::Url)?;
        let given = |name| {
            let (_, value) = url.query_pairs().find(|(known, _)| known == name)?;
            Some(value.into_owned())
        };
        let (mode, file) = (given("sslmode"), given("sslrootcert"));
        let (mode, trusted) = match (mode.as_deref(), file) {
            (Some("disable"), None) => (SslMode::Disable, None),
            (Some("prefer") | None, None) => (SslMode::Prefer, None),
            (Some("require"), None) => (SslMode::Require, None),
            (Some("verify-full"), file) => (SslMode::Require, Some(authorities(file.as_deref())?)),
            _ => return Err(Error::SslMode),
        };
        let mut known = url.clone();
        drop_query(&mut known, &["sslmode=", "sslrootcert="]);
        let mut config: Config = known.as_str().parse().map_err(|_| Error::Url)?;
        // A machine that is gone says nothing: whoever waits for it would do so for two hours.
        if given("keepalives_idle").is_none() {
            config.keepalives_idle(SILENT_MAX).keepalives_interval(ASKED_EVERY);
            config.keepalives_retries(3);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENT_MAX);
        }
        let local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        config.ssl_mode(if local { SslMode::Disable } else { mode });
        Ok(Self { config, tls: MakeRustlsConnect::new(client(trusted)?) })
    }

    /// The same place, entered as `user`.
    #[must_use]
    pub fn entered_as(mut self, user: &str, password: &str) -> Self {
        self.config.user(user).password(password);
        self
    }

    /// How long a request waits for a connection before it is told to come back: `connect_timeout`, in seconds, within
    /// [`WAIT_MAX`].
    pub fn wait_max(&self) -> Duration {
        let given = self.config.get_connect_timeout().copied().unwrap_or_default();
        given.clamp(*WAIT_MAX.start(), *WAIT_MAX.end())
    }

    /// Opens a connection.
    pub async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            ConnectionError::BadConnection(format!("{error}{cause}"))
        })?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }
}

/// Takes out of the query what begins like this: the client of the database does not know it.
fn drop_query(url: &mut Url, beginnings: &[&str]) {
    let Some(query) = url.query() else { return };
    let stays = |pair: &&str| !beginnings.iter().any(|beginning| pair.starts_with(beginning));
    let rest = query.split('&').filter(stays).collect::<Vec<_>>().join("&");
    url.set_query((!rest.is_empty()).then_some(&rest));
}

/// Who is believed about which server is whose.
fn authorities(file: Option<&str>) -> Result<RootCertStore, Error> {
    let certificates: Vec<CertificateDer<'static>> = match file {
        Some(file) => CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .map_err(|error| Error::Authorities(error.to_string()))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut authorities = RootCertStore::empty();
    match authorities.add_parsable_certificates(certificates) {
        (0, _) => Err(Error::Authorities("there is none".to_owned())),
        (1.., _) => Ok(authorities),
    }
}

/// A client that knows servers by these authorities, or takes any.
fn client(trusted: Option<RootCertStore>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let any = AnyCertificate(provider.signature_verification_algorithms);
    let client = ClientConfig::builder_with_provider(provider);
    let client = client.with_safe_default_protocol_versions().map_err(Error::Tls)?;
    Ok(match trusted {
        Some(authorities) => client.with_root_certificates(authorities).with_no_client_auth(),
        None => {
            client.dangerous().with_custom_certificate_verifier(Arc::new(any)).with_no_client_auth()
        }
    })
}

/// Takes any certificate whose key the server has: that keeps out who listens, and not who stands in
/// between.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _host: &ServerName<'_>,
        _stapled: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_waits_as_long_as_the_address_says_within_bounds() {
        let wait_s = |query: &str| {
            let address = Address::parse(&format!("postgres://db/opentracks{query}")).unwrap();
            address.wait_max().as_secs()
        };
        let given = ["", "?connect_timeout=2", "?connect_timeout=30", "?connect_timeout=300"];
        assert_eq!(given.map(wait_s), [5, 5, 30, 60]);
    }
}
