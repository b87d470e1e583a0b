//! Signing up, in and out.

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::harness::{PASSWORD, POLICY, TestApp, code_in, connect};

pub const OTHER_PASSWORD: &str = "copper lantern drifting twelve";
/// So many codes can be tried at once from one network, and then one a minute.
const CODES_AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_code_makes_the_account_and_nothing_does_before() {
    let app = TestApp::start().await;
    let address = "Ada.Lovelace@Example.org";
    register(&app, &applicant(address)).await;
    let mails = app.mails("ada.lovelace@example.org").await;
    assert_eq!(mails.len(), 1);
    let code = code_in(&mails[0]).expect("a code alone on a line");
    assert_eq!(accounts(&app).await, 0);
    assert_eq!(login(&app, address, PASSWORD).await.status(), 401);
    // Nor is there a password to forget.
    assert_eq!(forgot(&app, address).await.status(), 202);
    assert_eq!(app.mails("ada.lovelace@example.org").await.len(), 1);

    let spaced = format!(" {} {} ", &code[..4], &code[4..]);
    let answer = verify(&app, address, &spaced).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let tokens: Value = answer.json().await.unwrap();
    assert_eq!(tokens["token_type"], "Bearer");
    let ada = app.caller(address, &tokens);
    let me: Value = ada.get("/api/v1/me").await.json().await.unwrap();
    assert_eq!(me["account_id"], tokens["account_id"]);
    assert_eq!(
        (&me["email"], &me["public_name"]),
        (&json!("ada.lovelace@example.org"), &json!("Ada"))
    );
    assert_eq!(verify(&app, address, &code).await.status(), 401, "a code is good once");
    app.sign_in("ADA.lovelace@example.org", PASSWORD).await;
    assert_eq!(accounts(&app).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_address_is_answered_alike_and_its_account_is_not_disturbed() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let intruder = json!({
        "email": ada.email, "password": OTHER_PASSWORD, "public_name": "Mallory", "accept_policy": POLICY
    });
    let unknown = json!({
        "email": "bob@example.org", "password": OTHER_PASSWORD, "public_name": "Mallory", "accept_policy": POLICY
    });
    let known = app.anyone().post("/api/v1/auth/register", &intruder).await;
    let unknown = app.anyone().post("/api/v1/auth/register", &unknown).await;
    assert_eq!(known.status(), 202);
    assert_eq!(transcript(known).await, transcript(unknown).await);

    let mails = app.mails(&ada.email).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(code_in(&mails[0]), None, "there is nothing to confirm");
    assert_ne!(subject(&mails[0]), subject(app.mails("bob@example.org").await.last().unwrap()));
    assert_eq!(ada.get("/api/v1/me").await.json::<Value>().await.unwrap()["public_name"], "Ada");
    assert_eq!(login(&app, &ada.email, OTHER_PASSWORD).await.status(), 401);
    app.sign_in(&ada.email, PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_are_slowed_down_and_do_not_void_the_right_one() {
    let app = TestApp::start().await;
    let address = "ada@example.org";
    register(&app, &applicant(address)).await;
    let code = app.code(address).await;
    for _ in 0..CODES_AT_ONCE {
        let refused = transcript(verify(&app, address, &unlike(&code)).await).await;
        // Whether somebody waits for a code is not told either.
        let nobody = verify(&app, "nobody@example.org", &code).await;
        assert_eq!(nobody.status(), 401);
        assert_eq!(refused, transcript(nobody).await);
    }
    assert_eq!(verify(&app, address, &code).await.status(), 429);
    app.advance(TimeDelta::minutes(1));
    assert_eq!(verify(&app, address, &code).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_ten_minutes() {
    let app = TestApp::start().await;
    for (address, after_s, status) in [("ada@example.org", 599, 200), ("bob@example.org", 600, 401)]
    {
        register(&app, &applicant(address)).await;
        let code = app.code(address).await;
        app.advance(TimeDelta::seconds(after_s));
        assert_eq!(verify(&app, address, &code).await.status(), status, "{after_s}");
    }
}

/// Else somebody could wait with a password of their own for the owner to confirm it.
#[tokio::test(flavor = "multi_thread")]
async fn each_pending_registration_has_a_code_of_its_own() {
    let app = TestApp::start().await;
    let address = "ada@example.org";
    let intruder = json!({
        "email": address, "password": OTHER_PASSWORD, "public_name": "Mallory", "accept_policy": POLICY
    });
    register(&app, &intruder).await;
    let intruders = app.code(address).await;
    register(&app, &applicant(address)).await;
    let own = app.code(address).await;
    assert_ne!(intruders, own);
    let tokens: Value = verify(&app, address, &own).await.json().await.unwrap();
    let me: Value = app.caller(address, &tokens).get("/api/v1/me").await.json().await.unwrap();
    assert_eq!(me["public_name"], "Ada");
    assert_eq!(verify(&app, address, &intruders).await.status(), 401);
    // With two of them waiting, whose code was typed is not certain: no password is taken over.
    for password in [PASSWORD, OTHER_PASSWORD] {
        assert_eq!(login(&app, address, password).await.status(), 401);
    }
    assert_eq!(forgot(&app, address).await.status(), 202);
    let code = app.code(address).await;
    assert_eq!(reset(&app, address, &code, PASSWORD).await.status(), 204);
    app.sign_in(address, PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_that_are_short_common_or_personal_are_refused_without_echo() {
    let app = TestApp::start().await;
    for password in [
        "kT9$vz!p2Qx",
        "password1234",
        "123456789012",
        "qwertyuiop12",
        "iloveyouiloveyou",
        "OpenTracks2026!",
        "wilhelmina.quist",
        "wilhelmina.quist@example.org",
        "SkylarkRunner1",
        "Wilhelmina2026",
        "Vandersteen1987",
    ] {
        let body = json!({
            "email": "wilhelmina.quist@example.org", "password": password, "public_name": "Skylark Runner",
            "given_name": "Wilhelmina", "family_name": "Vandersteen", "accept_policy": POLICY,
        });
        let answer = app.anyone().post("/api/v1/auth/register", &body).await;
        assert_eq!(answer.status(), 422, "{password}");
        let problem = answer.text().await.unwrap();
        assert!(problem.contains(r#""field":"password""#), "{problem}");
        assert!(!problem.contains(password), "{problem}");
    }
    assert!(app.mails("wilhelmina.quist@example.org").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn long_passwords_of_any_characters_count_to_the_last_one() {
    let app = TestApp::start().await;
    let words =
        "žluťoučký kůň 馬 úpěl ďábelské ódy ∞ quietly behind seven copper lanterns at dusk ";
    for (address, password) in [
        ("ada@example.org", words.chars().take(64).collect::<String>()),
        ("bob@example.org", format!(" {words}{}", "🐎 0x7F ".repeat(6))),
    ] {
        assert!(64 <= password.chars().count());
        let mut body = applicant(address);
        body["password"] = json!(password);
        register(&app, &body).await;
        let code = app.code(address).await;
        assert_eq!(verify(&app, address, &code).await.status(), 200);
        let cut: String = password.chars().take(password.chars().count() - 1).collect();
        for wrong in [format!("{password}x"), cut, password.to_uppercase()] {
            assert_eq!(login(&app, address, &wrong).await.status(), 401);
        }
        app.sign_in(address, &password).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_served_policy_can_be_accepted() {
    let app = TestApp::start().await;
    let policy: Value = app.anyone().get("/privacy").await.json().await.unwrap();
    let mut body = applicant("ada@example.org");
    for version in [json!("2018-05-25"), json!(""), json!(true), Value::Null] {
        body["accept_policy"] = version;
        let answer = app.anyone().post("/api/v1/auth/register", &body).await;
        assert_eq!(answer.status(), 422);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], "accept_policy", "{problem}");
    }
    body["accept_policy"] = policy["version"].clone();
    register(&app, &body).await;
    let code = app.code("ada@example.org").await;
    let tokens: Value = verify(&app, "ada@example.org", &code).await.json().await.unwrap();
    let me: Value =
        app.caller("ada@example.org", &tokens).get("/api/v1/me").await.json().await.unwrap();
    assert_eq!(me["policy_version"], policy["version"]);
}

/// Nobody makes themself an administrator by saying so.
#[tokio::test(flavor = "multi_thread")]
async fn fields_that_are_not_asked_for_are_refused() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let reset = json!({ "email": ada.email, "code": "12345678", "password": OTHER_PASSWORD });
    for (call, mut body) in [
        ("register", applicant("bob@example.org")),
        ("verify", json!({ "email": ada.email, "code": "12345678" })),
        ("login", json!({ "email": ada.email, "password": PASSWORD })),
        ("refresh", json!({ "refresh_token": ada.refresh_token })),
        ("password/forgot", json!({ "email": ada.email })),
        ("password/reset", reset),
    ] {
        body["role"] = json!("administrator");
        let answer = app.anyone().post(&format!("/api/v1/auth/{call}"), &body).await;
        assert_eq!(answer.status(), 422, "{call}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], "role", "{call}: {problem}");
    }
    assert!(app.mails("bob@example.org").await.is_empty());
    assert!(app.mails(&ada.email).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let wrong = login(&app, &ada.email, OTHER_PASSWORD).await;
    let unknown = login(&app, "nobody@example.org", OTHER_PASSWORD).await;
    assert_eq!(wrong.status(), 401);
    assert_eq!(wrong.headers()["content-type"], "application/problem+json");
    assert_eq!(transcript(wrong).await, transcript(unknown).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_and_does_not_lock_a_signed_in_device_out() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    app.advance(TimeDelta::hours(1));
    let known = guess_until_throttled(&app, &ada.email).await;
    let unknown = guess_until_throttled(&app, "nobody@example.org").await;
    assert_eq!(known, unknown, "how much may be guessed does not tell either");

    let throttled = login(&app, &ada.email, PASSWORD).await;
    assert_eq!(throttled.status(), 429, "the right password has to wait like any other");
    let wait = retry_after(&throttled);
    let refresh = json!({ "refresh_token": ada.refresh_token });
    let tokens = app.anyone().post("/api/v1/auth/refresh", &refresh).await;
    assert_eq!(tokens.status(), 200);
    let ada = app.caller(&ada.email, &tokens.json().await.unwrap());
    assert_eq!(ada.get("/api/v1/me").await.status(), 200);

    app.advance(wait);
    app.sign_in(&ada.email, PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_told_by_a_trusted_proxy_and_by_nobody_else() {
    let from = async |app: &TestApp, network: &str| {
        let body = json!({ "email": "nobody@example.org", "password": "not the right one" });
        let login = app.anyone().request(Method::POST, "/api/v1/auth/login").json(&body);
        login.header("X-Forwarded-For", network).send().await.unwrap().status().as_u16()
    };
    for (proxies, elsewhere) in [("127.0.0.1", 401), ("192.0.2.1", 429)] {
        let settings = [("OPENTRACKS_TRUSTED_PROXIES", proxies)];
        let app = TestApp::start_with(&settings).await;
        while from(&app, "198.51.100.7").await == 401 {}
        assert_eq!(from(&app, "198.51.100.7").await, 429);
        assert_eq!(from(&app, "203.0.113.9").await, elsewhere, "behind {proxies}");
    }
}

/// A client that waits as long as it was told to is let in, also between full seconds.
#[tokio::test(flavor = "multi_thread")]
async fn the_wait_that_is_told_is_long_enough() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    guess_until_throttled(&app, &ada.email).await;
    app.advance(TimeDelta::milliseconds(400));
    let throttled = login(&app, &ada.email, PASSWORD).await;
    assert_eq!(throttled.status(), 429);
    app.advance(retry_after(&throttled));
    assert_eq!(login(&app, &ada.email, PASSWORD).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_and_codes_are_throttled_alike_for_known_and_unknown_addresses() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut last = [0, 0];
    for _ in 0..8 {
        let known = forgot(&app, &ada.email).await;
        last[0] = known.status().as_u16();
        assert_eq!(
            transcript(known).await,
            transcript(forgot(&app, "nobody@example.org").await).await
        );
    }
    for _ in 0..12 {
        let known = reset(&app, &ada.email, "12345678", OTHER_PASSWORD).await;
        last[1] = known.status().as_u16();
        let unknown = reset(&app, "nobody@example.org", "12345678", OTHER_PASSWORD).await;
        assert_eq!(transcript(known).await, transcript(unknown).await);
    }
    assert_eq!(last, [429, 429]);
    assert!(app.mails(&ada.email).await.len() < 8);
    app.advance(retry_after(&forgot(&app, &ada.email).await));
    assert_eq!(forgot(&app, &ada.email).await.status(), 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_by_code_and_every_device_is_signed_out() {
    let app = TestApp::start().await;
    let (ada, phone) = (app.member("Ada").await, app.sign_in("ada@example.org", PASSWORD).await);
    let known = forgot(&app, &ada.email).await;
    assert_eq!(known.status(), 202);
    assert_eq!(transcript(known).await, transcript(forgot(&app, "nobody@example.org").await).await);
    assert!(app.mails("nobody@example.org").await.is_empty());
    let code = app.code(&ada.email).await;

    let weak = reset(&app, &ada.email, &code, "password1234").await;
    assert_eq!(weak.status(), 422, "and the code is not used up by it");
    assert_eq!(reset(&app, &ada.email, &unlike(&code), OTHER_PASSWORD).await.status(), 401);
    assert_eq!(ada.get("/api/v1/me").await.status(), 200, "until then nothing has changed");
    assert_eq!(reset(&app, &ada.email, &code, OTHER_PASSWORD).await.status(), 204);

    for device in [&ada, &phone] {
        assert_eq!(device.get("/api/v1/me").await.status(), 401);
        let refresh = json!({ "refresh_token": device.refresh_token });
        assert_eq!(app.anyone().post("/api/v1/auth/refresh", &refresh).await.status(), 401);
    }
    assert_eq!(login(&app, &ada.email, PASSWORD).await.status(), 401);
    app.sign_in(&ada.email, OTHER_PASSWORD).await;
    assert_eq!(reset(&app, &ada.email, &code, PASSWORD).await.status(), 401, "a code is good once");
    let mails = app.mails(&ada.email).await;
    let told = mails.last().unwrap();
    assert_eq!((mails.len(), code_in(told)), (2, None));
    assert!(told.contains("password was changed"), "{told}");
}

/// The rules for a first password hold for the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_must_not_be_made_of_its_owners_names_either() {
    let app = TestApp::start().await;
    let ada = app.member("Skylark Runner").await;
    let names = json!({ "given_name": "Wilhelmina", "family_name": "Vandersteen" });
    assert_eq!(ada.patch("/api/v1/me", &names).await.status(), 200);
    assert_eq!(forgot(&app, &ada.email).await.status(), 202);
    let code = app.code(&ada.email).await;
    // Without the code nobody learns that way what the owner is called.
    let guessed = reset(&app, &ada.email, &unlike(&code), "Vandersteen1987").await;
    assert_eq!(guessed.status(), 401);
    for password in ["SkylarkRunner1", "Wilhelmina2026", "Vandersteen1987"] {
        assert_eq!(reset(&app, &ada.email, &code, password).await.status(), 422, "{password}");
    }
    assert_eq!(reset(&app, &ada.email, &code, OTHER_PASSWORD).await.status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_code_expires_is_slow_to_guess_and_gives_way_to_a_newer_one() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let ask = async || {
        assert_eq!(forgot(&app, &ada.email).await.status(), 202);
        app.code(&ada.email).await
    };
    let (older, newer) = (ask().await, ask().await);
    assert_eq!(reset(&app, &ada.email, &older, OTHER_PASSWORD).await.status(), 401);
    app.advance(TimeDelta::seconds(600));
    assert_eq!(reset(&app, &ada.email, &newer, OTHER_PASSWORD).await.status(), 401);
    let code = ask().await;
    // One was tried just now.
    for _ in 1..CODES_AT_ONCE {
        assert_eq!(reset(&app, &ada.email, &unlike(&code), OTHER_PASSWORD).await.status(), 401);
    }
    assert_eq!(reset(&app, &ada.email, &code, OTHER_PASSWORD).await.status(), 429);
    app.advance(TimeDelta::minutes(5));
    let code = ask().await;
    app.advance(TimeDelta::seconds(599));
    assert_eq!(reset(&app, &ada.email, &code, OTHER_PASSWORD).await.status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_kept_as_argon2id_and_an_outdated_hash_is_renewed_at_sign_in() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("Ada").await, app.member("Bob").await);
    let current = stored_hash(&app, &ada.account_id).await;
    let strength = strength(&current);
    assert!(19_456 <= strength[0] && 2 <= strength[1] && 1 <= strength[2], "{strength:?}");
    assert_ne!(current, stored_hash(&app, &bob.account_id).await, "each has a salt of its own");

    let weak =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).unwrap());
    let outdated = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    diesel::sql_query(
        "UPDATE identity.accounts SET password_hash = $1 WHERE account_id::text = $2",
    )
    .bind::<Text, _>(&outdated)
    .bind::<Text, _>(&ada.account_id)
    .execute(&mut connect(&app, "opentracks_owner").await)
    .await
    .unwrap();
    assert_eq!(login(&app, &ada.email, OTHER_PASSWORD).await.status(), 401);
    assert_eq!(
        stored_hash(&app, &ada.account_id).await,
        outdated,
        "only the right password renews it"
    );
    app.sign_in(&ada.email, PASSWORD).await;
    let renewed = stored_hash(&app, &ada.account_id).await;
    assert_eq!(self::strength(&renewed), strength);
    app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(stored_hash(&app, &ada.account_id).await, renewed, "once is enough");
}

/// What someone sends who wants an account: called as their address begins.
pub fn applicant(email: &str) -> Value {
    let mut name = email.split(['.', '@']).next().unwrap().to_lowercase();
    name[..1].make_ascii_uppercase();
    json!({ "email": email, "password": PASSWORD, "public_name": name, "accept_policy": POLICY })
}

/// Asks for an account, which must work.
pub async fn register(app: &TestApp, body: &Value) {
    assert_eq!(app.anyone().post("/api/v1/auth/register", body).await.status(), 202);
}

pub async fn verify(app: &TestApp, email: &str, code: &str) -> Response {
    app.anyone().post("/api/v1/auth/verify", &json!({ "email": email, "code": code })).await
}

pub async fn login(app: &TestApp, email: &str, password: &str) -> Response {
    app.anyone().post("/api/v1/auth/login", &json!({ "email": email, "password": password })).await
}

pub async fn forgot(app: &TestApp, email: &str) -> Response {
    app.anyone().post("/api/v1/auth/password/forgot", &json!({ "email": email })).await
}

pub async fn reset(app: &TestApp, email: &str, code: &str, password: &str) -> Response {
    let body = json!({ "email": email, "code": code, "password": password });
    app.anyone().post("/api/v1/auth/password/reset", &body).await
}

/// An answer down to the byte, but for what is new each time.
pub async fn transcript(answer: Response) -> String {
    let fresh = ["date", "x-request-id"];
    let headers = answer.headers().iter().filter(|(name, _)| !fresh.contains(&name.as_str()));
    let mut headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    format!("{} {headers:?} {}", answer.status(), answer.text().await.unwrap())
}

/// A code of the same form that is another one.
fn unlike(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}

fn subject(mail: &str) -> &str {
    mail.lines().find(|line| line.starts_with("Subject:")).unwrap()
}

fn retry_after(answer: &Response) -> TimeDelta {
    TimeDelta::seconds(answer.headers()["retry-after"].to_str().unwrap().parse().unwrap())
}

/// Tries wrong passwords until there is a 429; returns how many were looked at before.
async fn guess_until_throttled(app: &TestApp, email: &str) -> usize {
    for guesses in 0..100 {
        let answer = login(app, email, OTHER_PASSWORD).await;
        if answer.status() == 429 {
            assert!(TimeDelta::seconds(1) <= retry_after(&answer));
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            return guesses;
        }
        assert_eq!(answer.status(), 401);
    }
    panic!("a hundred guesses are too many");
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Nullable<Text>)]
    password_hash: Option<String>,
}

async fn stored_hash(app: &TestApp, account: &str) -> String {
    let mut conn = connect(app, "opentracks_owner").await;
    let query = diesel::sql_query(
        "SELECT password_hash FROM identity.accounts WHERE account_id::text = $1",
    );
    let found: Stored = query.bind::<Text, _>(account).get_result(&mut conn).await.unwrap();
    found.password_hash.expect("a hash")
}

/// Memory in KiB, passes and lanes of an argon2id hash in the PHC form.
fn strength(hash: &str) -> [u32; 3] {
    let parameters = hash.strip_prefix("$argon2id$v=19$").expect(hash).split('$').next().unwrap();
    let numbers: Vec<u32> = parameters.split(',').map(|pair| pair[2..].parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn accounts(app: &TestApp) -> i64 {
    let mut conn = connect(app, "opentracks_owner").await;
    let query = diesel::sql_query("SELECT count(*) AS count FROM identity.accounts");
    query.get_result::<Count>(&mut conn).await.unwrap().count
}
