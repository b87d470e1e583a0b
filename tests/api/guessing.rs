//! Who guesses passwords from many networks locks nobody out, and learns nothing.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use opentracks::privacy::retention;
use reqwest::{Method, Response};
use serde_json::json;

use crate::auth::{OTHER_PASSWORD, forgot, login, transcript};
use crate::harness::{PASSWORD, TestApp, connect};
use crate::jobs::count;

const HOME: &str = "198.51.100.7";
const LOGIN: &str = "login";

/// A server behind a proxy that tells who asks.
async fn proxied() -> TestApp {
    TestApp::start_with(&[("OPENTRACKS_TRUSTED_PROXIES", "127.0.0.1")]).await
}

async fn from(app: &TestApp, network: &str, call: &str, email: &str, password: &str) -> Response {
    let request = app.anyone().request(Method::POST, &format!("/api/v1/auth/{call}"));
    let request = request.header("X-Forwarded-For", network);
    request.json(&json!({ "email": email, "password": password })).send().await.unwrap()
}

/// Guesses from many networks until those are all slowed down together.
async fn besiege(app: &TestApp, email: &str) {
    for network in 0..10 {
        let network = format!("203.0.113.{network}");
        let guesses = (0..10).map(|_| from(app, &network, LOGIN, email, "a wrong one or two"));
        let statuses = join_all(guesses).await;
        assert!(statuses.iter().all(|answer| answer.status() == 401), "{network}");
    }
    assert_eq!(from(app, "192.0.2.1", LOGIN, email, "a wrong one or two").await.status(), 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_from_many_networks_locks_nobody_out_at_home() {
    let app = proxied().await;
    let ada = app.member("Ada").await;
    assert_eq!(from(&app, HOME, LOGIN, &ada.email, PASSWORD).await.status(), 200);
    // Signing in counts as well, for a minute.
    app.advance(TimeDelta::minutes(1));
    besiege(&app, &ada.email).await;
    besiege(&app, "nobody@example.org").await;
    // Elsewhere not even the right password tells anything.
    let elsewhere = from(&app, "192.0.2.2", LOGIN, &ada.email, PASSWORD).await;
    assert_eq!(elsewhere.status(), 429);
    let heard = transcript(elsewhere).await;
    for (network, email) in [
        ("192.0.2.2", ada.email.as_str()),
        ("192.0.2.2", "nobody@example.org"),
        (HOME, &ada.email),
        (HOME, "nobody@example.org"),
    ] {
        let wrong = from(&app, network, LOGIN, email, "a wrong one or two").await;
        assert_eq!(transcript(wrong).await, heard, "{email} from {network}");
    }
    assert_eq!(from(&app, HOME, LOGIN, &ada.email, PASSWORD).await.status(), 200);

    // Nor out of taking back that they leave.
    assert_eq!(ada.leave(&json!({ "undo_days": 7 })).await.status(), 202);
    let back = "undo-deletion";
    assert_eq!(from(&app, "192.0.2.3", back, &ada.email, PASSWORD).await.status(), 429);
    assert_eq!(from(&app, HOME, back, &ada.email, PASSWORD).await.status(), 200);

    // Guessing at home is slowed down as ever, and the right password with it.
    for _ in 0..10 {
        from(&app, HOME, LOGIN, &ada.email, "a wrong one or two").await;
    }
    assert_eq!(from(&app, HOME, LOGIN, &ada.email, PASSWORD).await.status(), 429);
}

/// Who holds the mailed code has shown who they are where they are, and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn who_chooses_a_new_password_signs_in_from_there_whoever_goes_on_guessing() {
    const SHELTER: &str = "198.51.100.77";
    let app = proxied().await;
    let ada = app.member("Ada").await;
    assert_eq!(from(&app, HOME, LOGIN, &ada.email, PASSWORD).await.status(), 200);
    app.advance(TimeDelta::minutes(1));
    besiege(&app, &ada.email).await;

    assert_eq!(forgot(&app, &ada.email).await.status(), 202);
    let code = app.code(&ada.email).await;
    let request = app.anyone().request(Method::POST, "/api/v1/auth/password/reset");
    let request = request.header("X-Forwarded-For", SHELTER);
    let body = json!({ "email": ada.email, "code": code, "password": OTHER_PASSWORD });
    assert_eq!(request.json(&body).send().await.unwrap().status(), 204);
    assert_eq!(count(&app, "identity.known_networks").await, 1);

    let login = async |network| from(&app, network, LOGIN, &ada.email, OTHER_PASSWORD).await;
    assert_eq!(login(HOME).await.status(), 429, "whoever sits at home may be who guesses");
    assert_eq!(login("192.0.2.2").await.status(), 429);
    assert_eq!(login(SHELTER).await.status(), 200);
}

/// A household has 256 networks of 64 bits.
#[tokio::test(flavor = "multi_thread")]
async fn the_networks_of_a_household_count_as_one() {
    let app = proxied().await;
    let guess = async |network: String| {
        from(&app, &network, LOGIN, "ada@example.org", "a wrong one or two").await.status().as_u16()
    };
    for network in 0..10 {
        assert_eq!(guess(format!("2001:db8:0:{network:x}::{network:x}")).await, 401);
    }
    assert_eq!(guess("2001:db8:0:ff::1".to_owned()).await, 429);
    assert_eq!(guess("2001:db8:0:100::1".to_owned()).await, 401);
}

/// What waits with an address goes with the account that the address has.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_with_an_address_goes_with_its_account() {
    const WAITING: &str =
        "(SELECT FROM ops.jobs WHERE kind IN ('log_failed_sign_in', 'answer_password_reset'))";
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    assert_eq!(login(&app, &ada.email, "a wrong one or two").await.status(), 401);
    assert_eq!(forgot(&app, &ada.email).await.status(), 202);
    assert_eq!(count(&app, WAITING).await, 2);
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    assert_eq!(count(&app, WAITING).await, 0);
    app.run_jobs().await;
}

/// One that failed for good holds an address, and is kept no longer than mails.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sign_in_that_could_not_be_told_of_goes_as_mails_do() {
    let app = TestApp::start().await;
    assert_eq!(login(&app, "nobody@example.org", "a wrong one or two").await.status(), 401);
    let mut conn = connect(&app, "opentracks_owner").await;
    let aside = format!("UPDATE ops.jobs SET failed_at = '{}'", app.now());
    conn.batch_execute(&aside).await.unwrap();
    app.advance(retention::FAILED_MAIL + TimeDelta::seconds(1));
    app.run_jobs().await;
    assert_eq!(count(&app, "ops.jobs").await, 0);
}
