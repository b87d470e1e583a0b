//! Share links: whoever holds one reads the rendition, for as long as it is good.

use chrono::TimeDelta;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::refused;
use crate::harness::{Caller, TestApp, dump_data, logged, northward_gpx};
use crate::sharing::CHILDREN;

/// Makes a link to what lies at `path`.
pub async fn link(ada: &Caller<'_>, path: &str, wish: Value) -> Value {
    let answer = ada.post(&format!("{path}/links"), &wish).await;
    assert_eq!(answer.status(), 201, "{wish}");
    answer.json().await.unwrap()
}

pub fn shared(link: &Value) -> String {
    format!("/api/v1/shared/{}", link["token"].as_str().unwrap())
}

pub fn page(link: &Value) -> String {
    format!("/s/{}", link["token"].as_str().unwrap())
}

/// An activity, its path, and a link to it.
async fn linked(ada: &Caller<'_>, wish: Value) -> (String, Value) {
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let link = link(ada, &path, wish).await;
    (path, link)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_the_rendition_and_its_children_to_whoever_holds_it() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let (path, made) = linked(&ada, json!({ "label": "For Grandma" })).await;
    assert_eq!(
        (&made["label"], &made["locked"], &made["opened"]),
        (&json!("For Grandma"), &json!(false), &json!(0))
    );
    assert_eq!(made["url"], format!("{}{}", app.address, page(&made)));
    let own: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!((&own["visibility"], &own["sharing"]["shown"]), (&json!("link"), &json!(true)));
    for holder in [app.anyone(), app.member("Eve").await, ada.clone()] {
        for child in CHILDREN {
            let answer = holder.get(&format!("{}{child}", shared(&made))).await;
            assert_eq!(answer.status(), 200, "{child}");
            assert_eq!(answer.headers()["cache-control"], "private, no-store", "{child}");
            assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
            assert_eq!(answer.headers()["x-robots-tag"], "noindex, nofollow");
            let seen = answer.bytes().await.unwrap();
            let preview = ada.get(&format!("{path}{child}?as=link")).await;
            assert_eq!(seen, preview.bytes().await.unwrap(), "{child}");
        }
    }
    let rendition: Value = app.anyone().get(&shared(&made)).await.json().await.unwrap();
    assert_eq!(rendition["visibility"], "link");
    assert!(rendition.get("started_at").is_none());
    // Its id opens nothing, and nobody finds it.
    for child in CHILDREN {
        refused(app.anyone().get(&format!("{path}{child}")).await, 404).await;
    }
    let nearby = json!({ "position": [8.5, 47.3], "radius_m": 50_000 });
    let found: Value =
        app.anyone().post("/api/v1/explore/nearby", &nearby).await.json().await.unwrap();
    assert_eq!(found["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_expired_revoked_and_unknown_links_look_alike() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let tomorrow = app.now() + TimeDelta::days(1);
    let (path, expiring) = linked(&ada, json!({ "expires_at": tomorrow })).await;
    let revoked = link(&ada, &path, json!({})).await;
    let rotated = link(&ada, &path, json!({})).await;
    let at = format!("{path}/links/{}", revoked["id"].as_str().unwrap());
    let own: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(ada.delete(&at).await.status(), 204);
    refused(ada.delete(&at).await, 404).await;
    assert_ne!(ada.get(&path).await.json::<Value>().await.unwrap()["version"], own["version"]);
    let rotate = format!("{path}/links/{}/rotate", rotated["id"].as_str().unwrap());
    let renewed: Value = ada.post(&rotate, &json!({})).await.json().await.unwrap();
    assert_eq!(app.anyone().get(&shared(&renewed)).await.status(), 200);
    app.advance(TimeDelta::days(1) - TimeDelta::seconds(1));
    assert_eq!(app.anyone().get(&shared(&expiring)).await.status(), 200);
    app.advance(TimeDelta::seconds(1));
    let unknown = json!({ "token": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
    let malformed = ["null", "undefined", "%00", "a", "..", &"A".repeat(5_000)];
    for child in CHILDREN {
        let nothing = bare(app.anyone().get(&format!("{}{child}", shared(&unknown))).await).await;
        for dead in [&expiring, &revoked, &rotated] {
            let answer = app.anyone().get(&format!("{}{child}", shared(dead))).await;
            assert_eq!(bare(answer).await, nothing, "{child}");
        }
        for token in malformed {
            let answer = app.anyone().get(&format!("/api/v1/shared/{token}{child}")).await;
            assert_eq!(answer.status(), 404, "{token}");
        }
    }
    let nothing = bare(app.anyone().get(&page(&unknown)).await).await;
    for dead in [&expiring, &revoked, &rotated] {
        assert_eq!(bare(app.anyone().get(&page(dead)).await).await, nothing);
    }
    refused(app.anyone().get("/api/v1/shared/").await, 404).await;
}

/// An answer, byte for byte, but for when it was given and what it is called.
async fn bare(answer: Response) -> String {
    let mut headers: Vec<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    format!("{} {headers:?} {}", answer.status(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_its_own_activity_and_changes_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let (path, made) = linked(&ada, json!({})).await;
    let (other, _) = linked(&ada, json!({})).await;
    refused(app.anyone().get(&other).await, 404).await;
    let eve = app.member("Eve").await;
    for method in [Method::PUT, Method::PATCH, Method::POST, Method::DELETE] {
        let answer = eve.request(method, &shared(&made)).json(&json!({})).send().await.unwrap();
        refused(answer, 405).await;
    }
    for call in ["/links", "/communities"] {
        refused(eve.get(&format!("{path}{call}")).await, 404).await;
    }
    refused(eve.post(&format!("{path}/links"), &json!({})).await, 404).await;
    // Of another's link to another's activity there is none either.
    let id = made["id"].as_str().unwrap();
    refused(eve.delete(&format!("{path}/links/{id}")).await, 404).await;
    let mine = path_of(&eve.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    refused(eve.delete(&format!("{mine}/links/{id}")).await, 404).await;
    refused(eve.post(&format!("{mine}/links/{id}/rotate"), &json!({})).await, 404).await;
    assert_eq!(app.anyone().get(&shared(&made)).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_asked_for_first() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let (path, made) = linked(&ada, json!({ "password": "brook" })).await;
    assert_eq!(made["locked"], true);
    for child in CHILDREN {
        refused(app.anyone().get(&format!("{}{child}", shared(&made))).await, 401).await;
    }
    let unlock = format!("{}/unlock", shared(&made));
    refused(app.anyone().post(&unlock, &json!({ "password": "river" })).await, 401).await;
    let pass: Value =
        app.anyone().post(&unlock, &json!({ "password": "brook" })).await.json().await.unwrap();
    let pass = pass["pass"].as_str().unwrap();
    let with_pass = async |link: &Value, child: &str| {
        let path = format!("{}{child}", shared(link));
        app.anyone().request(Method::GET, &path).header("Link-Pass", pass).send().await.unwrap()
    };
    for child in CHILDREN {
        let seen = with_pass(&made, child).await;
        assert_eq!(seen.status(), 200, "{child}");
        let preview = ada.get(&format!("{path}{child}?as=link")).await;
        assert_eq!(seen.bytes().await.unwrap(), preview.bytes().await.unwrap());
    }
    // A pass is for its link, and for an hour.
    let other = link(&ada, &path, json!({ "password": "brook" })).await;
    refused(with_pass(&other, "").await, 401).await;
    // Where there is none to give, none is right.
    let open = link(&ada, &path, json!({})).await;
    let unlock = format!("{}/unlock", shared(&open));
    refused(app.anyone().post(&unlock, &json!({ "password": "brook" })).await, 401).await;
    refused(ada.post(&format!("{path}/links"), &json!({ "password": "abc" })).await, 422).await;
    app.advance(TimeDelta::hours(1));
    refused(with_pass(&made, "").await, 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_the_password_of_a_link_is_slow() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let (_, made) = linked(&ada, json!({ "password": "brook" })).await;
    let unlock = format!("{}/unlock", shared(&made));
    let guess = async || app.anyone().post(&unlock, &json!({ "password": "guess" })).await;
    for _ in 0..20 {
        refused(guess().await, 401).await;
    }
    let throttled = guess().await;
    assert!(throttled.headers().contains_key("retry-after"));
    refused(throttled, 429).await;
    app.advance(TimeDelta::seconds(30));
    refused(guess().await, 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openings_are_counted_and_nothing_else_of_them_is_kept() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let (path, made) = linked(&ada, json!({})).await;
    for path in [shared(&made), page(&made)] {
        assert_eq!(app.anyone().get(&path).await.status(), 200);
    }
    let links: Value = ada.get(&format!("{path}/links")).await.json().await.unwrap();
    assert_eq!(links["items"][0]["opened"], 2);
    // The token is told once, and lies nowhere.
    let token = made["token"].as_str().unwrap();
    assert!(!links.to_string().contains(token));
    assert!(!dump_data(&app).contains(token) && !logged().contains(token));
    assert!(!dump_data(&app).contains("127.0.0.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_mailed_on_request_and_the_addresses_are_gone_after() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let wish =
        json!({ "email_to": ["grandma@example.org", "grandpa@example.org"], "label": "Home" });
    let (path, made) = linked(&ada, wish).await;
    for address in ["grandma@example.org", "grandpa@example.org"] {
        let mails = app.mails(address).await;
        let [mail] = mails.as_slice() else { panic!("{mails:?}") };
        let unfolded = mail.replace("=\r\n", "").replace("=3D", "=");
        assert!(unfolded.contains(made["url"].as_str().unwrap()), "{unfolded}");
        assert!(unfolded.contains("Ada") && !unfolded.contains("ada@example.org"), "{unfolded}");
        assert!(!dump_data(&app).contains(address));
    }
    let eleven: Vec<String> = (0..11).map(|index| format!("friend{index}@example.org")).collect();
    for fault in [json!(["no address"]), json!(eleven)] {
        let links = format!("{path}/links");
        refused(ada.post(&links, &json!({ "email_to": fault })).await, 422).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_makes_one_link() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let call = async |key: &str, wish: &Value| {
        let request = ada.request(Method::POST, &format!("{path}/links"));
        let request = request.header("Idempotency-Key", key).header("If-Match", "\"1\"");
        request.json(wish).send().await.unwrap()
    };
    let make = async || call("k1", &json!({})).await.json::<Value>().await.unwrap();
    let first = make().await;
    // The version that the first call has read is not the last one any more, and that of the second stays.
    let before = ada.get(&path).await.headers()["etag"].clone();
    assert_eq!(make().await, first);
    assert_eq!(ada.get(&path).await.headers()["etag"], before);
    // Nobody who asks for a lock is given a link without.
    for other in [json!({ "password": "open sesame seed" }), json!({ "label": "For Eve" })] {
        refused(call("k1", &other).await, 409).await;
    }
    assert_ne!(link(&ada, &path, json!({})).await["token"], first["token"]);
    let links: Value = ada.get(&format!("{path}/links")).await.json().await.unwrap();
    assert_eq!(links["items"].as_array().unwrap().len(), 2);
    // What was rotated or taken back does not come again.
    let at = format!("{path}/links/{}", first["id"].as_str().unwrap());
    let renewed: Value = ada.post(&format!("{at}/rotate"), &json!({})).await.json().await.unwrap();
    let repeat = async || {
        let request = ada.request(Method::POST, &format!("{path}/links"));
        request.header("Idempotency-Key", "k1").json(&json!({})).send().await.unwrap()
    };
    refused(repeat().await, 410).await;
    assert_eq!(app.anyone().get(&shared(&renewed)).await.status(), 200);
    assert_eq!(ada.delete(&at).await.status(), 204);
    refused(repeat().await, 410).await;
    for dead in [&first, &renewed] {
        refused(app.anyone().get(&shared(dead)).await, 404).await;
    }
}

/// Nor is anybody given a lock that they do not know the key of.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_for_a_locked_link_is_one_with_the_same_password() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let call = async |wish: &Value| {
        let request = ada.request(Method::POST, &format!("{path}/links"));
        request.header("Idempotency-Key", "k1").json(wish).send().await.unwrap()
    };
    let locked = json!({ "password": "open sesame seed", "label": "For Eve" });
    let first: Value = call(&locked).await.json().await.unwrap();
    assert_eq!(first["locked"], true);
    assert_eq!(call(&locked).await.json::<Value>().await.unwrap(), first);
    let mut others = [(); 3].map(|()| locked.clone());
    others[0]["password"] = json!("close sesame seed");
    others[1]["password"] = Value::Null;
    others[2]["expires_at"] = json!(app.now() + TimeDelta::days(1));
    for other in others {
        refused(call(&other).await, 409).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_over_is_removed_and_the_activity_is_private_again() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let tomorrow = app.now() + TimeDelta::days(1);
    let (path, made) = linked(&ada, json!({ "expires_at": tomorrow })).await;
    app.advance(TimeDelta::days(1));
    app.run_jobs().await;
    let own: Value = app
        .sign_in(&ada.email, crate::harness::PASSWORD)
        .await
        .get(&path)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!((&own["visibility"], &own["sharing"]["shown"]), (&json!("private"), &json!(false)));
    let links = app.sign_in(&ada.email, crate::harness::PASSWORD).await;
    let links: Value = links.get(&format!("{path}/links")).await.json().await.unwrap();
    assert_eq!(links["items"], json!([]));
    refused(app.anyone().get(&shared(&made)).await, 404).await;
    for fault in
        [json!({ "expires_at": app.now() }), json!({ "expires_at": "+010000-01-01T00:00:00Z" })]
    {
        let ada = app.sign_in(&ada.email, crate::harness::PASSWORD).await;
        refused(ada.post(&format!("{path}/links"), &fault).await, 422).await;
    }
}

/// Taking back what everyone saw leaves what was given to some of them, and nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn unpublishing_leaves_links_and_deleting_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let (path, made) = linked(&ada, json!({})).await;
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    let through: Value = app.anyone().get(&shared(&made)).await.json().await.unwrap();
    assert_eq!(through["visibility"], "published");
    let own: Value = ada.post(&format!("{path}/unpublish"), &json!({})).await.json().await.unwrap();
    assert_eq!(own["visibility"], "link");
    refused(app.anyone().get(&path).await, 404).await;
    let through: Value = app.anyone().get(&shared(&made)).await.json().await.unwrap();
    assert_eq!(through["visibility"], "link");
    assert_eq!(ada.delete(&path).await.status(), 204);
    for child in CHILDREN {
        refused(app.anyone().get(&format!("{}{child}", shared(&made))).await, 404).await;
    }
    assert!(!dump_data(&app).contains(made["id"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_what_zones_hide_wholly_is_not_made() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 20)).await);
    refused(ada.post(&format!("{path}/links"), &json!({})).await, 409).await;
    let links: Value = ada.get(&format!("{path}/links")).await.json().await.unwrap();
    assert_eq!(links["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_no_more_than_the_rendition_and_runs_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let metadata = json!({ "title": "<script>alert(1)</script>", "description": "\"><img src=x>" });
    let own: Value =
        ada.upload(&northward_gpx(8.5, 47.3, 300), &metadata).await.json().await.unwrap();
    let path = path_of(&own);
    let made = link(&ada, &path, json!({})).await;
    let answer = app.anyone().get(&page(&made)).await;
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-type").starts_with("text/html"));
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(header("cache-control"), "private, no-store");
    assert!(header("content-security-policy").contains("default-src 'none'"));
    let html = answer.text().await.unwrap();
    assert!(!html.contains("<script") && !html.contains("<img src=x"), "{html}");
    assert!(html.contains("og:title") && html.contains("Ada") && html.contains("km"), "{html}");
    for secret in ["07:", "8.5", "47.3", "started"] {
        assert!(!html.contains(secret), "{secret}: {html}");
    }
    // Its picture is its own, by a whole address for those who make a card of the page.
    let picture = format!("{}/preview.png", shared(&made));
    assert!(html.contains(&format!("og:image\" content=\"{}{picture}\"", app.address)), "{html}");
    assert!(html.contains(&format!("<img src=\"{picture}\"")), "{html}");
    assert_eq!(app.anyone().get(&picture).await.status(), 200);
    // A locked one tells nothing before its password.
    let locked = link(&ada, &path, json!({ "password": "brook" })).await;
    let answer = app.anyone().get(&page(&locked)).await;
    assert_eq!(answer.status(), 401);
    let html = answer.text().await.unwrap();
    for secret in ["Ada", "km", "alert", "running", "preview"] {
        assert!(!html.contains(secret), "{secret}: {html}");
    }
    let give = async |password: &str| {
        let request = app.anyone().request(Method::POST, &page(&locked));
        let body = format!("password={password}");
        let kind = "application/x-www-form-urlencoded";
        request.header("Content-Type", kind).body(body).send().await.unwrap()
    };
    assert_eq!(give("river").await.status(), 401);
    let opened = give("brook").await;
    assert_eq!(opened.status(), 200);
    assert!(opened.text().await.unwrap().contains("Ada"));
}
