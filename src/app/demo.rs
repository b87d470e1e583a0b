//! Demo data: real tracks of trails, under permissive licences, that are nobody's daily round.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use super::{App, Error};
use crate::actions::Service;
use crate::actions::record::{Metadata, Upload};
use crate::config::Config;
use crate::db::identity::Profile;
use crate::domain::{
    AccountId, Description, Email, Kind, Locale, Password, PublicName, Sport, Title, Visibility,
};
use crate::edge::write_private_file;
use crate::seal::random_bytes;

/// A track to publish.
struct Track {
    title: &'static str,
    description: &'static str,
    sport: Sport,
    kind: Kind,
    file: &'static [u8],
}

const TRACKS: &[Track] = &[
    Track {
        title: "Mystic River Basin Trails",
        description: "Paved trails on both banks of the lower Mystic River. Track by Dan Foster (TopoGrafix), CC BY 2.0.",
        sport: Sport::Cycling,
        kind: Kind::Recorded,
        file: include_bytes!("../../fixtures/demo/mystic_basin_trail.gpx"),
    },
    Track {
        title: "Korita to Žbevnica",
        description: "Over the Ćićarija plateau in Istria. Track from the gpxpy project, Apache 2.0.",
        sport: Sport::Hiking,
        kind: Kind::Recorded,
        file: include_bytes!("../../fixtures/demo/korita-zbevnica.gpx"),
    },
    Track {
        title: "Fells Loop",
        description: "The mountain biking loop of the Middlesex Fells Reservation. Route by TopoGrafix.",
        sport: Sport::MountainBiking,
        kind: Kind::Planned,
        file: include_bytes!("../../fixtures/demo/fells_loop.gpx"),
    },
    Track {
        title: "Ecology Trail and Lovers' Lane",
        description: "A loop through the Presidio of San Francisco. Route from the georust project, MIT.",
        sport: Sport::Walking,
        kind: Kind::Planned,
        file: include_bytes!("../../fixtures/demo/ecology-trail-and-lovers-lane-loop.gpx"),
    },
    Track {
        title: "Mousehole to Paul",
        description: "Up from the harbour in Cornwall. Route from the georust project, MIT.",
        sport: Sport::Walking,
        kind: Kind::Planned,
        file: include_bytes!("../../fixtures/demo/mousehole_to_paul.gpx"),
    },
];

const EMAIL: &str = "demo@opentracks.example";
const PUBLIC_NAME: &str = "Demo Trails";
const PASSWORD_FILE: &str = "demo-password";

/// Makes the demo account and publishes its tracks; what is there already stays.
pub async fn load(app: &App, config: &Config) -> Result<(), Error> {
    let service = app.service();
    let password = password(&config.data.join(PASSWORD_FILE))?;
    let account = account(&service, app, &password).await?;
    for track in TRACKS {
        publish(&service, app, account, track).await?;
    }
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{} demo tracks are published. Sign in as {EMAIL}, password {password}",
        TRACKS.len()
    )?;
    Ok(())
}

async fn account(service: &Service, app: &App, password: &str) -> Result<AccountId, Error> {
    let email = Email::try_from(EMAIL)?;
    if let Some(known) = service.db.credentials(&email).await? {
        return Ok(known.account);
    }
    let profile = Profile {
        public_name: PublicName::try_from(PUBLIC_NAME)?,
        given_name: None,
        family_name: None,
        locale: Locale::En,
    };
    let password = Password::chosen(password.to_owned(), &email, &[])?;
    let made = service.create_account(email, password, profile, app.clock.now()).await?;
    made.ok_or(Error::NoDemo)
}

async fn publish(
    service: &Service,
    app: &App,
    account: AccountId,
    track: &Track,
) -> Result<(), Error> {
    let now = app.clock.now();
    let upload = Upload {
        id: service.keyed_id(account, "upload", track.title),
        file: Arc::new(track.file.to_vec()),
        metadata: Metadata {
            title: Some(Title::try_from(track.title)?),
            description: Some(Description::try_from(track.description)?),
            sport: Some(track.sport),
            kind: Some(track.kind),
            started_at: None,
        },
    };
    let recorded = service.record(account, upload, now).await?;
    for activity in &recorded.activities {
        if activity.visibility == Visibility::Private {
            service.publish(activity, None, now).await?;
        }
    }
    Ok(())
}

/// The password of the demo account: random, and the same at the next start.
fn password(file: &Path) -> Result<String, Error> {
    if let Ok(password) = fs::read_to_string(file) {
        return Ok(password);
    }
    let password = BASE64.encode(random_bytes::<18>());
    write_private_file(file, password.as_bytes())?;
    Ok(password)
}
