//! What is written down, and what never is.

use std::collections::BTreeSet;
use std::fs;

use diesel_async::SimpleAsyncConnection;
use reqwest::header::USER_AGENT;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{CLUSTER, Caller, POLICY, TestApp, connect, logged};

const EMAIL: &str = "canary.qvixen@nightjar-post.example";
const PASSWORD: &str = "canary-zebra-quilt-oxbow-7311";
const NEW_PASSWORD: &str = "canary-umbra-finch-delta-9024";
const WRONG_PASSWORD: &str = "canary-wrong-guess-grotto-5586";
const PUBLIC_NAME: &str = "CanaryPublicQuokka";
const GIVEN_NAME: &str = "CanaryGivenOcelot";
const FAMILY_NAME: &str = "CanaryFamilyTapir";
const DEVICE: &str = "CanaryDeviceLemur";
const TITLE: &str = "CanaryTitleWombat";
const NEW_TITLE: &str = "CanaryTitleNarwhal";
const DESCRIPTION: &str = "CanaryDescriptionAxolotl";
const FILE_NAME: &str = "canary-file-pangolin.gpx";
const INSIDE: &str = "CanaryInsideOkapi";
const AGENT: &str = "CanaryAgentKestrel/4.2";
const VALUE: &str = "CanaryValueHoopoe";
/// Where the track begins, where its second point is, and where somebody asks from.
const POSITIONS: [(&str, &str); 3] = [
    ("123.7654321", "-47.2918273"),
    ("123.7654999", "-47.2928461"),
    ("123.7711223", "-47.2933445"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_personal_is_never_logged() {
    let app = TestApp::start().await;
    let mut secrets = live(&app).await;
    secrets.extend(misuse(&app).await);
    fail_in_the_database(&app).await;

    let words = [
        EMAIL,
        "qvixen",
        "nightjar-post",
        PASSWORD,
        NEW_PASSWORD,
        WRONG_PASSWORD,
        PUBLIC_NAME,
        GIVEN_NAME,
        FAMILY_NAME,
        DEVICE,
        TITLE,
        NEW_TITLE,
        DESCRIPTION,
        FILE_NAME,
        INSIDE,
        AGENT,
        VALUE,
    ];
    let mut canaries: BTreeSet<String> = words.map(ToOwned::to_owned).into();
    canaries
        .extend(POSITIONS.iter().flat_map(|(lon, lat)| [notations(lon), notations(lat)]).flatten());
    canaries.extend(secrets);

    let cluster = fs::read_to_string(CLUSTER.folder.join("postgres.log")).unwrap();
    for (name, log) in [("the log", logged()), ("the log of the database", cluster)] {
        assert!(!log.is_empty(), "{name} holds something");
        for canary in &canaries {
            let mut lines = log.lines().filter(|line| line.contains(canary.as_str()));
            let found = lines.find(|line| without_chance(line).contains(canary.as_str()));
            assert_eq!(found, None, "{canary} is in {name}");
        }
    }
}

/// Ids are random, and may have any digits; so may the fractions of the second that a line begins with.
pub fn without_chance(line: &str) -> String {
    let line = match line.split_once("\"timestamp\":\"") {
        Some((before, after)) => [before, after.trim_start_matches(|char| char != '"')].concat(),
        None => line.to_owned(),
    };
    let words = line.split_inclusive(|char: char| !char.is_ascii_hexdigit() && char != '-');
    let is_id = |word: &&str| word.get(..36).is_some_and(|id| Uuid::parse_str(id).is_ok());
    words.filter(|word| !is_id(word)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_one_line_with_its_route_and_status() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_activity(&gpx()).await["id"].as_str().unwrap().to_owned();
    let mut seen = BTreeSet::new();
    for (caller, method, path, route, status) in [
        (&ada, Method::GET, "/api/v1/me", "/api/v1/me", 200),
        (&app.anyone(), Method::GET, "/api/v1/me", "/api/v1/me", 401),
        (&app.anyone(), Method::HEAD, "/health/live", "/health/live", 200),
        (&ada, Method::GET, "/api/v1/me/activities?q=x&limit=0", "/api/v1/me/activities", 422),
        (&ada, Method::GET, &format!("/api/v1/activities/{id}"), "/api/v1/activities/{id}", 200),
        (
            &app.anyone(),
            Method::GET,
            &format!("/api/v1/activities/{id}"),
            "/api/v1/activities/{id}",
            404,
        ),
        (&ada, Method::GET, "/api/v1/activities/no-id-at-all", "/api/v1/activities/{id}", 404),
        (&ada, Method::POST, "/api/v1/auth/login", "/api/v1/auth/login", 415),
        (&ada, Method::PATCH, "/api/v1/auth/login", "/api/v1/auth/login", 405),
        (&ada, Method::GET, "/nowhere/at/all", "none", 404),
    ] {
        let answer = caller.request(method.clone(), path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        let request = request_id(&answer);
        assert!(seen.insert(request.clone()), "each has an id of its own");
        let log = logged();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(&request)).collect();
        assert_eq!(lines.len(), 1, "{method} {path}: {lines:?}");
        let fields = serde_json::from_str::<Value>(lines[0]).unwrap()["fields"].take();
        let known = (&fields["method"], &fields["route"], &fields["status"], &fields["request"]);
        assert_eq!(
            known,
            (&json!(method.as_str()), &json!(route), &json!(status), &json!(request)),
            "{path}"
        );
        let names: BTreeSet<&str> =
            fields.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["message", "method", "request", "route", "status", "took_us"].into(),
            "and nothing else"
        );
    }
}

/// All that a person does with the product; returns the secrets that came up.
async fn live(app: &TestApp) -> Vec<String> {
    let register = json!({
        "email": EMAIL, "password": PASSWORD, "public_name": PUBLIC_NAME, "given_name": GIVEN_NAME,
        "family_name": FAMILY_NAME, "accept_policy": POLICY,
    });
    let auth = async |call: &str, body: &Value, status: u16| {
        let request = app.anyone().request(Method::POST, &format!("/api/v1/auth/{call}"));
        let answer = request.header(USER_AGENT, AGENT).json(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{call}");
        answer
    };
    auth("register", &register, 202).await;
    let code = app.code(EMAIL).await;
    let verified = json!({ "email": EMAIL, "code": code, "device": DEVICE });
    let first: Value = auth("verify", &verified, 200).await.json().await.unwrap();
    auth("register", &register, 202).await;
    let again: Value = auth("refresh", &json!({ "refresh_token": first["refresh_token"] }), 200)
        .await
        .json()
        .await
        .unwrap();
    let ada = app.caller(EMAIL, &again);
    auth("login", &json!({ "email": EMAIL, "password": WRONG_PASSWORD }), 401).await;
    auth("login", &json!({ "email": EMAIL, "password": PASSWORD, "device": DEVICE }), 200).await;

    let metadata = json!({ "title": TITLE, "description": DESCRIPTION }).to_string();
    let file = Part::bytes(gpx()).file_name(FILE_NAME);
    let upload = ada.request(Method::POST, "/api/v1/activities").header(USER_AGENT, AGENT);
    let kept = upload
        .multipart(Form::new().part("file", file).text("metadata", metadata))
        .send()
        .await
        .unwrap();
    assert_eq!(kept.status(), 201);
    let id = kept.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/activities/{id}");
    assert_eq!(ada.patch(&path, &json!({ "title": NEW_TITLE })).await.status(), 200);
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    for viewer in [&ada, &app.anyone()] {
        assert_eq!(viewer.get(&path).await.status(), 200);
        assert_eq!(viewer.get(&format!("{path}/track.gpx")).await.status(), 200);
        assert_eq!(viewer.get(&format!("{path}/track.geojson")).await.status(), 200);
        let (lon, lat) = POSITIONS[2];
        let asked = format!("{{\"position\": [{lon}, {lat}], \"radius_m\": 5000}}");
        assert_eq!(send(viewer, "/api/v1/explore/nearby", asked).await.status(), 200);
    }
    assert_eq!(ada.get(&format!("{path}/original")).await.status(), 200);
    assert_eq!(ada.get(&format!("/api/v1/me/activities?q={NEW_TITLE}")).await.status(), 200);
    assert_eq!(ada.patch("/api/v1/me", &json!({ "given_name": GIVEN_NAME })).await.status(), 200);

    auth("password/forgot", &json!({ "email": EMAIL }), 202).await;
    let reset_code = app.code(EMAIL).await;
    let reset = json!({ "email": EMAIL, "code": reset_code, "password": NEW_PASSWORD });
    auth("password/reset", &reset, 204).await;
    // A mail that cannot be sent is logged as a failure, and no more than that.
    fs::rename(app.data.join("outbox"), app.data.join("elsewhere")).unwrap();
    fs::write(app.data.join("outbox"), "").unwrap();
    auth("password/forgot", &json!({ "email": EMAIL }), 202).await;
    app.run_jobs().await;
    assert!(logged().contains("Job failed"));
    let token = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
    [&first, &again]
        .iter()
        .flat_map(|tokens| [token(tokens, "access_token"), token(tokens, "refresh_token")])
        .chain([code, reset_code])
        .collect()
}

/// What goes wrong quotes nothing either; returns the secrets that were tried.
async fn misuse(app: &TestApp) -> Vec<String> {
    let ada = app.sign_in(EMAIL, NEW_PASSWORD).await;
    let forged = format!("{}{VALUE}", ada.token.as_ref().unwrap());
    let (lon, lat) = POSITIONS[1];
    for (path, body) in [
        ("/api/v1/auth/login", format!("{{\"email\": \"{EMAIL}\", \"password\": \"{PASSWORD}\"")),
        (
            "/api/v1/auth/login",
            format!("{{\"email\": [\"{EMAIL}\"], \"password\": \"{PASSWORD}\"}}"),
        ),
        ("/api/v1/auth/login", format!("{{\"email\": \"{VALUE}\", \"password\": \"{PASSWORD}\"}}")),
        ("/api/v1/auth/login", format!("{{\"{VALUE}\": \"{EMAIL}\"}}")),
        ("/api/v1/auth/verify", format!("{{\"email\": \"{EMAIL}\", \"code\": \"{VALUE}\"}}")),
        ("/api/v1/auth/refresh", format!("{{\"refresh_token\": \"{VALUE}\"}}")),
        ("/api/v1/explore/nearby", format!("{{\"position\": [{lon}, {lat}, \"{VALUE}\"]}}")),
        (
            "/api/v1/explore/nearby",
            format!("{{\"position\": [{lon}, {lat}], \"sport\": \"{VALUE}\"}}"),
        ),
        (
            "/api/v1/explore/nearby",
            format!("{{\"position\": [{lon}, {lat}], \"cursor\": \"{VALUE}\"}}"),
        ),
        ("/api/v1/explore/nearby", format!("{{\"position\": [{lon}, 95{lat}]}}")),
    ] {
        let answer = send(&ada, path, body.clone()).await;
        assert!([400, 401, 422].contains(&answer.status().as_u16()), "{body}: {}", answer.status());
    }
    for path in [
        format!("/{VALUE}"),
        format!("/api/v1/{VALUE}?position={lon},{lat}"),
        format!("/api/v1/me/activities?{VALUE}={EMAIL}"),
        format!("/api/v1/me/activities?sport={VALUE}&from={VALUE}"),
        format!("/api/v1/me/activities?cursor={VALUE}"),
        format!("/api/v1/activities/{VALUE}"),
        format!("/api/v1/activities/{EMAIL}/track.gpx"),
    ] {
        let answer = ada.get(&path).await;
        assert!([400, 404, 422].contains(&answer.status().as_u16()), "{path}: {}", answer.status());
    }
    let unread =
        ada.upload(format!("<gpx><{VALUE}>{lat}").as_bytes(), &json!({ "title": TITLE })).await;
    assert_eq!(unread.status(), 422);
    let unfit = ada.upload(&gpx(), &json!({ "title": TITLE.repeat(20), "sport": VALUE })).await;
    assert_eq!(unfit.status(), 422);
    assert_eq!(app.with_token(&forged).get("/api/v1/me").await.status(), 401);
    let method = Method::from_bytes(VALUE.to_uppercase().as_bytes()).unwrap();
    assert_eq!(ada.request(method, "/api/v1/me").send().await.unwrap().status(), 405);
    vec![ada.token.unwrap(), ada.refresh_token.unwrap(), VALUE.to_uppercase()]
}

/// The database notes that a statement failed, and neither its text nor its values.
async fn fail_in_the_database(app: &TestApp) {
    let mut conn = connect(app, "opentracks_owner").await;
    let statement = format!("SELECT 1 / 0, '{VALUE}'");
    assert!(conn.batch_execute(&statement).await.is_err());
    let twice = format!(
        "INSERT INTO identity.accounts SELECT account_id, '{VALUE}', '{VALUE}', profile, locale, policy_version,
         policy_accepted_at, zones_version, created_at FROM identity.accounts"
    );
    assert!(conn.batch_execute(&twice).await.is_err());
    let log = fs::read_to_string(CLUSTER.folder.join("postgres.log")).unwrap();
    assert!(
        log.contains("division by zero") && log.contains("accounts_pkey"),
        "failures are noted"
    );
}

async fn send(caller: &Caller<'_>, path: &str, body: String) -> Response {
    let request = caller.request(Method::POST, path).header("Content-Type", "application/json");
    request.header(USER_AGENT, AGENT).body(body).send().await.unwrap()
}

fn request_id(answer: &Response) -> String {
    answer.headers()["x-request-id"].to_str().unwrap().to_owned()
}

/// A coordinate as programs write it: degrees, 1e-7 and 1e-6 degrees, and without its sign.
fn notations(degrees: &str) -> Vec<String> {
    let unsigned = degrees.trim_start_matches('-');
    let whole = unsigned.replace('.', "");
    let micro = whole[..whole.len() - 1].to_owned();
    let short = unsigned[..unsigned.len() - 1].to_owned();
    vec![unsigned.to_owned(), unsigned.replace('.', ","), short, whole, micro]
}

/// A track from the first of the positions by the second, with a name and a waypoint.
fn gpx() -> Vec<u8> {
    let [(lon, lat), (next_lon, next_lat), _] = POSITIONS;
    let further = (0..120).map(|step| {
        let (lat, minute, second) = (-47.293 - f64::from(step) * 0.0001, 1 + step / 20, step % 20 * 3);
        format!(
            "<trkpt lat=\"{lat:.7}\" lon=\"{next_lon}\"><time>2026-05-30T07:{minute:02}:{second:02}Z</time></trkpt>"
        )
    });
    let further = further.collect::<Vec<_>>().concat();
    format!(
        "<?xml version=\"1.0\"?><gpx version=\"1.1\" creator=\"{INSIDE}\" xmlns=\"http://www.topografix.com/GPX/1/1\">\
         <metadata><name>{INSIDE}</name></metadata><wpt lat=\"{lat}\" lon=\"{lon}\"><name>{INSIDE}</name></wpt>\
         <trk><name>{INSIDE}</name><trkseg>\
         <trkpt lat=\"{lat}\" lon=\"{lon}\"><time>2026-05-30T07:00:00Z</time></trkpt>\
         <trkpt lat=\"{next_lat}\" lon=\"{next_lon}\"><time>2026-05-30T07:00:50Z</time></trkpt>\
         {further}</trkseg></trk></gpx>"
    )
    .into_bytes()
}
