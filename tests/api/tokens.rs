//! Tokens: forged, worn out, taken back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use opentracks::db;
use opentracks::privacy::retention;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{Caller, PASSWORD, TestApp, connect, northward_gpx};

/// How long an access token is good for, and how far clocks may differ.
const LIFETIME_S: i64 = 300;
const SKEW_S: i64 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_token_is_refused_everywhere_and_never_taken_for_nobody() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let published = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let published = format!("/api/v1/activities/{published}");
    let mint = Mint::of(&ada).await;

    // Made by the same hand as the forged ones: what follows fails for what is wrong with it alone.
    let genuine = app.with_token(&mint.sign(&mint.header, &mint.claims));
    assert_eq!(genuine.get("/api/v1/me").await.status(), 200);
    assert_eq!(app.anyone().get(&published).await.status(), 200);

    for (flaw, token) in mint.forgeries(&eve) {
        let forger = app.with_token(&token);
        refused(&forger, Method::GET, "/api/v1/me", &flaw).await;
        refused(&forger, Method::GET, &published, &flaw).await;
        refused(&forger, Method::POST, "/api/v1/explore/nearby", &flaw).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_is_one_bearer_token_in_any_case() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let published =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let token = ada.token.clone().unwrap();
    let ask = async |path: &str, headers: &[String]| {
        let request = app.anyone().request(Method::GET, path);
        let request = headers.iter().fold(request, |request, header| {
            request.header(AUTHORIZATION, HeaderValue::from_bytes(header.as_bytes()).unwrap())
        });
        request.send().await.unwrap()
    };
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(
            ask("/api/v1/me", &[format!("{scheme} {token}")]).await.status(),
            200,
            "{scheme}"
        );
    }
    let good = format!("Bearer {token}");
    let basic = format!("Basic {}", BASE64.encode(format!("{}:{PASSWORD}", ada.email)));
    for headers in [
        vec![good.clone(), good.clone()],
        vec![good.clone(), "Bearer x".to_owned()],
        vec!["Bearer x".to_owned(), good.clone()],
        vec![basic],
        vec![token.clone()],
        vec![format!("Bearer{token}")],
        vec![format!("Bearer {token} {token}")],
        vec![format!("{good}, {good}")],
        vec!["Bearer".to_owned()],
        vec![String::new()],
        vec!["Bearer \u{e9}\u{301}".to_owned()],
        vec![format!("Bearer {}", "x".repeat(10_000))],
        vec![format!("Bearer {token}{}", "x".repeat(10_000))],
    ] {
        for path in ["/api/v1/me", &published] {
            let answer = ask(path, &headers).await;
            assert_eq!(answer.status(), 401, "{path} {headers:?}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        }
    }
    let in_query = format!("/api/v1/me?access_token={token}");
    assert_eq!(app.anyone().get(&in_query).await.status(), 401, "addresses end up in logs");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_ends_with_its_lifetime_and_the_next_one_begins() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    app.advance(TimeDelta::seconds(LIFETIME_S - 1));
    assert_eq!(ada.get("/api/v1/me").await.status(), 200);
    app.advance(TimeDelta::seconds(1 + SKEW_S));
    assert_eq!(ada.get("/api/v1/me").await.status(), 401);
    let (status, tokens) = refresh(&app, ada.refresh_token.as_ref().unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(tokens["expires_in"], LIFETIME_S);
    assert_eq!(tokens["account_id"], json!(ada.account_id));
    assert_eq!(app.caller(&ada.email, &tokens).get("/api/v1/me").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_refresh_token_ends_the_session_and_no_other() {
    let app = TestApp::start().await;
    let (ada, tablet) = (app.member("Ada").await, app.sign_in("ada@example.org", PASSWORD).await);
    let first = ada.refresh_token.clone().unwrap();
    let (_, second) = refresh(&app, &first).await;
    let second = second["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let (_, third) = refresh(&app, &second).await;
    let stolen = app.caller(&ada.email, &third);

    assert_eq!(refresh(&app, &first).await.0, 401);
    for token in [&first, &second, stolen.refresh_token.as_ref().unwrap()] {
        assert_eq!(refresh(&app, token).await.0, 401);
    }
    assert_eq!(stolen.get("/api/v1/me").await.status(), 401, "whoever holds it, at once");
    assert_eq!(tablet.get("/api/v1/me").await.status(), 200);
    assert_eq!(refresh(&app, tablet.refresh_token.as_ref().unwrap()).await.0, 200);
}

/// An answer that is lost on the way to a phone does not sign it out; who comes later is a thief.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_can_be_repeated_for_a_minute() {
    let app = TestApp::start().await;
    for (name, after_s, status) in [("Ada", 60, 200), ("Bob", 61, 401)] {
        let member = app.member(name).await;
        let first = member.refresh_token.unwrap();
        let (_, given) = refresh(&app, &first).await;
        app.advance(TimeDelta::seconds(after_s));
        let (repeated, again) = refresh(&app, &first).await;
        assert_eq!(repeated, status, "{after_s}");
        if status == 200 {
            assert_eq!(again["refresh_token"], given["refresh_token"]);
        }
        let next = given["refresh_token"].as_str().unwrap();
        assert_eq!(refresh(&app, next).await.0, status, "{after_s}");
    }
}

/// However soon it comes: whoever uses the next one has had the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_cannot_be_repeated_once_the_next_token_is_used() {
    let app = TestApp::start().await;
    let first = app.member("Ada").await.refresh_token.unwrap();
    let (_, second) = refresh(&app, &first).await;
    let (_, third) = refresh(&app, second["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refresh(&app, &first).await.0, 401);
    assert_eq!(refresh(&app, third["refresh_token"].as_str().unwrap()).await.0, 401);
}

/// What else is to be done with a token must not cost who has just been given it.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_given_though_the_day_of_it_cannot_be_kept() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let fault = "CREATE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS $$
                     BEGIN RAISE EXCEPTION 'canceling statement due to lock timeout'; END $$;
                 CREATE TRIGGER fault BEFORE UPDATE OF last_contact_on ON identity.accounts
                     FOR EACH STATEMENT EXECUTE FUNCTION public.fault()";
    connect(&app, "opentracks").await.batch_execute(fault).await.unwrap();
    app.advance(TimeDelta::days(1));
    let (status, tokens) = refresh(&app, ada.refresh_token.as_ref().unwrap()).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(app.caller(&ada.email, &tokens).get("/api/v1/me").await.status(), 200);
    let again = app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(again.get("/api/v1/me").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_stays_signed_in_while_it_is_used_and_is_forgotten_when_not() {
    let app = TestApp::start().await;
    let mut token = app.member("Ada").await.refresh_token.unwrap();
    let unused = retention::SESSION_UNUSED;
    for _ in 0..3 {
        app.advance(unused - TimeDelta::seconds(1));
        let (status, tokens) = refresh(&app, &token).await;
        assert_eq!(status, 200);
        token = tokens["refresh_token"].as_str().unwrap().to_owned();
    }
    app.advance(unused);
    assert_eq!(refresh(&app, &token).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshing_twice_at_once_signs_nobody_out() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut token = ada.refresh_token.clone().unwrap();
    for _ in 0..5 {
        let (a, b, c, d) = tokio::join!(
            refresh(&app, &token),
            refresh(&app, &token),
            refresh(&app, &token),
            refresh(&app, &token)
        );
        let next = a.1["refresh_token"].as_str().unwrap_or_else(|| panic!("{}", a.1)).to_owned();
        for (status, tokens) in [a, b, c, d] {
            assert_eq!(status, 200);
            assert_eq!(tokens["refresh_token"], json!(next), "all of them hold the same next one");
        }
        token = next;
    }
    assert_eq!(refresh(&app, &token).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_refresh_token_is_refused_and_ends_nothing() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let own = BASE64.decode(ada.refresh_token.as_ref().unwrap()).unwrap();
    let flipped = |index: usize| {
        let mut bytes = own.clone();
        bytes[index] ^= 1;
        BASE64.encode(bytes)
    };
    let eves = BASE64.decode(eve.refresh_token.as_ref().unwrap()).unwrap();
    // Account, session, generation, tag: each of them spoilt, and Eve's tag under Ada's session.
    for token in [
        flipped(0),
        flipped(20),
        flipped(35),
        flipped(own.len() - 1),
        BASE64.encode(&own[..own.len() - 1]),
        BASE64.encode([&own[..36], &eves[36..]].concat()),
        ada.token.clone().unwrap(),
        String::new(),
        "x".repeat(10_000),
        "null".to_owned(),
        format!(" {}", ada.refresh_token.as_ref().unwrap()),
    ] {
        let (status, problem) = refresh(&app, &token).await;
        assert_eq!((status, &problem["type"]), (401, &json!("/problems/refused")), "{token}");
    }
    for member in [ada, eve] {
        assert_eq!(refresh(&app, member.refresh_token.as_ref().unwrap()).await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_at_once_and_no_other() {
    let app = TestApp::start().await;
    let (ada, tablet) = (app.member("Ada").await, app.sign_in("ada@example.org", PASSWORD).await);
    assert_eq!(ada.post("/api/v1/auth/logout", &json!({})).await.status(), 204);
    refused(&ada, Method::GET, "/api/v1/me", "signed out").await;
    refused(&ada, Method::POST, "/api/v1/auth/logout", "signed out").await;
    assert_eq!(refresh(&app, ada.refresh_token.as_ref().unwrap()).await.0, 401);
    assert_eq!(tablet.get("/api/v1/me").await.status(), 200);
    refused(&app.anyone(), Method::POST, "/api/v1/auth/logout", "nobody").await;

    // From another device, the same: also for what others may read as well.
    let phone = app.sign_in("ada@example.org", PASSWORD).await;
    let published =
        format!("/api/v1/activities/{}", phone.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let sessions: Value = tablet.get("/api/v1/me/sessions").await.json().await.unwrap();
    let other = sessions["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["current"] == json!(false));
    let path = format!("/api/v1/me/sessions/{}", other.unwrap()["id"].as_str().unwrap());
    assert_eq!(tablet.delete(&path).await.status(), 204);
    refused(&phone, Method::GET, "/api/v1/me", "ended").await;
    refused(&phone, Method::GET, &published, "ended").await;
    assert_eq!(refresh(&app, phone.refresh_token.as_ref().unwrap()).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_signing_key_is_taken_up_and_the_one_before_stays_good() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = Mint::of(&ada).await;
    let service = app.app.service();
    db::rotate_access_token_key(&service.db, app.now()).await.unwrap();
    app.run_jobs().await;
    assert_eq!(ada.get("/api/v1/me").await.status(), 200, "tokens live on");

    // A new key signs once every process can be expected to check with it.
    app.advance(TimeDelta::minutes(1));
    let newer = app.sign_in(&ada.email, PASSWORD).await;
    let header = decoded(newer.token.as_ref().unwrap(), 0);
    assert_ne!(header["kid"], before.header["kid"]);
    assert_eq!(newer.get("/api/v1/me").await.status(), 200);
    // The new name with the old key, and the other way round.
    let mixed = before.sign(&header, &before.claims);
    refused(&app.with_token(&mixed), Method::GET, "/api/v1/me", "the old key under the new name")
        .await;

    app.advance(TimeDelta::seconds(LIFETIME_S + SKEW_S));
    db::rotate_access_token_key(&service.db, app.now()).await.unwrap();
    app.run_jobs().await;
    let mut claims = before.claims.clone();
    for (claim, after_s) in [("iat", 0), ("nbf", 0), ("exp", LIFETIME_S)] {
        claims[claim] = json!(app.now().timestamp() + after_s);
    }
    let outlived = before.sign(&before.header, &claims);
    refused(&app.with_token(&outlived), Method::GET, "/api/v1/me", "a key that was dropped").await;
    let (status, tokens) = refresh(&app, newer.refresh_token.as_ref().unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(app.caller(&ada.email, &tokens).get("/api/v1/me").await.status(), 200);
}

/// Makes tokens as the server does, and others.
struct Mint {
    key: SigningKey,
    header: Value,
    claims: Value,
    genuine: String,
    refresh_token: String,
}

impl Mint {
    /// With the server's own key and the token of `member`.
    async fn of(member: &Caller<'_>) -> Self {
        let keys = db::load_access_token_keys(&member.app.app.service().db).await.unwrap();
        let genuine = member.token.clone().unwrap();
        Self {
            key: SigningKey::from_bytes(keys[0].secret.seed()),
            header: decoded(&genuine, 0),
            claims: decoded(&genuine, 1),
            genuine,
            refresh_token: member.refresh_token.clone().unwrap(),
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, |text| self.key.sign(text).to_bytes().to_vec())
    }

    /// Each with its flaw.
    fn forgeries(&self, other: &Caller<'_>) -> Vec<(String, String)> {
        let others = decoded(other.token.as_ref().unwrap(), 1);
        [
            self.other_headers(),
            self.other_claims(&others),
            self.other_signatures(),
            self.torn(&others),
        ]
        .concat()
    }

    /// Signed with the right key, and made for something else.
    fn other_headers(&self) -> Vec<(String, String)> {
        let flaws = [
            ("typ", json!("JWT")),
            ("typ", json!("id+jwt")),
            ("typ", json!("")),
            ("typ", Value::Null),
            ("kid", json!("2")),
            ("kid", json!("0")),
            ("kid", json!("../../../../dev/null")),
            ("kid", json!("1' OR '1'='1")),
            ("kid", json!("")),
            ("kid", Value::Null),
            ("kid", json!(1)),
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("ES256")),
            ("alg", json!("")),
        ];
        let forge = |(name, value): (&str, Value)| {
            (
                format!("{name} is {value}"),
                self.sign(&with(&self.header, name, value), &self.claims),
            )
        };
        flaws.map(forge).into()
    }

    /// Signed with the right key, for others, by others, at other times, or lacking something.
    fn other_claims(&self, others: &Value) -> Vec<(String, String)> {
        let issued_at = self.claims["iat"].as_i64().unwrap();
        let flaws = [
            ("aud", json!("opentracks-web")),
            ("aud", json!(["somebody", "else"])),
            ("aud", json!("")),
            ("iss", json!("https://evil.example")),
            ("iss", json!(format!("{}/", self.claims["iss"].as_str().unwrap()))),
            ("exp", json!(issued_at - SKEW_S)),
            ("exp", json!("9999999999")),
            ("exp", json!(-1)),
            ("exp", json!(1e300)),
            ("nbf", json!(issued_at + SKEW_S + 1)),
            ("sub", json!("00000000-0000-4000-8000-000000000000")),
            ("sub", others["sub"].clone()),
            ("sid", others["sid"].clone()),
            ("sid", json!("' OR true --")),
        ];
        let missing =
            ["iss", "aud", "sub", "sid", "exp", "nbf", "iat"].map(|claim| (claim, Value::Null));
        let forge = |(name, value): (&str, Value)| {
            (
                format!("{name} is {value}"),
                self.sign(&self.header, &with(&self.claims, name, value)),
            )
        };
        flaws.into_iter().chain(missing).map(forge).collect()
    }

    /// Signed by others, by nobody, or with what is no secret.
    fn other_signatures(&self) -> Vec<(String, String)> {
        let unsigned = with(&self.header, "alg", json!("none"));
        let mut forgeries =
            vec![("unsigned".to_owned(), signed(&unsigned, &self.claims, |_| Vec::new()))];
        // Everybody may know the public key: a server that took it for a shared secret would believe anybody.
        let public = self.key.verifying_key().to_bytes();
        let symmetric = with(&self.header, "alg", json!("HS256"));
        for secret in [public.to_vec(), BASE64.encode(public).into_bytes(), Vec::new()] {
            let sign = |text: &[u8]| {
                let mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap().chain_update(text);
                mac.finalize().into_bytes().to_vec()
            };
            forgeries.push((
                "signed with the public key".to_owned(),
                signed(&symmetric, &self.claims, sign),
            ));
        }
        let own = SigningKey::from_bytes(&[7; 32]);
        let x = BASE64.encode(own.verifying_key().to_bytes());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": self.header["kid"], "x": x });
        for header in [
            self.header.clone(),
            with(&self.header, "jwk", jwk),
            with(&self.header, "jku", json!("http://127.0.0.1:1/keys")),
            with(&self.header, "x5u", json!("http://127.0.0.1:1/certificate")),
        ] {
            let token = signed(&header, &self.claims, |text| own.sign(text).to_bytes().to_vec());
            forgeries.push((format!("another key under {header}"), token));
        }
        forgeries
    }

    /// Made from pieces of genuine ones.
    fn torn(&self, others: &Value) -> Vec<(String, String)> {
        let parts: Vec<&str> = self.genuine.split('.').collect();
        let (header, claims, signature) = (parts[0], parts[1], parts[2]);
        let others = BASE64.encode(others.to_string());
        [
            ("claims of another token", format!("{header}.{others}.{signature}")),
            ("no signature", format!("{header}.{claims}.")),
            ("half a signature", format!("{header}.{claims}.{}", &signature[..43])),
            ("two parts", format!("{header}.{claims}")),
            ("four parts", format!("{}.x", self.genuine)),
            ("a refresh token", self.refresh_token.clone()),
            ("dots", "..".to_owned()),
        ]
        .map(|(flaw, token)| (flaw.to_owned(), token))
        .into()
    }
}

/// `part` of a token: 0 is its header, 1 its claims.
fn decoded(token: &str, part: usize) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(part).unwrap()).unwrap()).unwrap()
}

fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let text =
        format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let signature = BASE64.encode(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

/// `object` with another value under `name`; null removes it.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
    object
}

/// What `caller` asks for is refused as a sign-in that does not hold.
async fn refused(caller: &Caller<'_>, method: Method, path: &str, why: &str) {
    let body = json!({ "position": [8.5, 47.3], "radius_m": 5000 });
    let request = caller.request(method.clone(), path);
    let request = if method == Method::POST { request.json(&body) } else { request };
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 401, "{why}: {path}");
    assert_eq!(answer.headers()["www-authenticate"], "Bearer", "{why}: {path}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{why}: {path}");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/unauthenticated", "{why}: {path}");
}

async fn refresh(app: &TestApp, token: &str) -> (u16, Value) {
    let answer =
        app.anyone().post("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}
