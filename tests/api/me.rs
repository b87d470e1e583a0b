//! One's own account, devices and activities.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::TimeDelta;
use reqwest::Method;
use reqwest::header::{ETAG, IF_MATCH};
use serde_json::{Value, json};

use crate::harness::{Caller, PASSWORD, POLICY, TestApp, northward_gpx};

const ME: &str = "/api/v1/me";
const SESSIONS: &str = "/api/v1/me/sessions";
const LIST: &str = "/api/v1/me/activities";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_read_and_changed_field_by_field() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let answer = ada.get(ME).await;
    assert!(answer.headers()["cache-control"].to_str().unwrap().contains("no-store"));
    let mut expected: Value = answer.json().await.unwrap();
    assert_eq!(
        expected,
        json!({
            "account_id": ada.account_id, "email": "ada@example.org", "public_name": "Ada", "given_name": null,
            "family_name": null, "locale": "en", "policy_version": POLICY, "created_at": "2026-06-01T12:00:00Z",
            "policy_accepted_at": "2026-06-01T12:00:00Z",
            "professional": { "company": null, "role": null, "town": null, "link": null },
        })
    );
    let published = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;

    for change in [
        json!({ "given_name": " Augusta ", "family_name": "King" }),
        json!({}),
        json!({ "given_name": null }),
        json!({ "locale": "fr-CH" }),
        json!({ "public_name": "Countess 馬" }),
        json!({ "family_name": null, "given_name": "Ada" }),
    ] {
        for (field, value) in change.as_object().unwrap() {
            let text = value.as_str().map(|text| text.trim().trim_end_matches("-CH"));
            expected[field] = json!(text);
        }
        let answer = ada.patch(ME, &change).await;
        assert_eq!(answer.status(), 200, "{change}");
        assert_eq!(answer.json::<Value>().await.unwrap(), expected, "{change}");
        assert_eq!(me(&ada).await, expected, "{change}");
    }
    // What others see has changed with it, also beside what is out already.
    let seen: Value =
        app.anyone().get(&format!("/api/v1/activities/{published}")).await.json().await.unwrap();
    assert_eq!(seen["author"], json!({ "id": ada.account_id, "public_name": "Countess 馬" }));
    assert_eq!(app.anyone().get(ME).await.status(), 401);
    assert_eq!(app.anyone().patch(ME, &json!({})).await.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfit_change_names_its_field_quotes_nothing_and_changes_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.patch(ME, &json!({ "given_name": "Augusta" })).await;
    let before = me(&ada).await;
    let canary = "Zyxwvut";
    for (field, value) in [
        ("public_name", json!("")),
        ("public_name", json!("  ")),
        ("public_name", json!(canary.repeat(8))),
        ("public_name", json!(format!("{canary}\nx"))),
        ("public_name", json!(format!("{canary}\u{202e}x"))),
        ("public_name", json!(format!("{canary}\0x"))),
        ("public_name", json!([canary])),
        ("given_name", json!("x".repeat(101))),
        ("given_name", json!(format!("{canary}\tx"))),
        ("given_name", json!({ canary: 1 })),
        ("family_name", json!(format!("{canary}\u{7}x"))),
        ("family_name", json!(42)),
        ("locale", json!(canary)),
        ("locale", json!("de")),
        ("email", json!(format!("{canary}@example.org"))),
        ("account_id", json!("00000000-0000-4000-8000-000000000000")),
        ("created_at", json!("2000-01-01T00:00:00Z")),
        ("policy_version", json!(canary)),
        ("role", json!("administrator")),
    ] {
        // The given name is fit, and must not be changed for it.
        let mut change = json!({ "given_name": "Changed" });
        change[field] = value;
        let sole = json!({ field: change[field] });
        for change in [change, sole] {
            let answer = ada.patch(ME, &change).await;
            assert_eq!(answer.status(), 422, "{change}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            let problem = answer.text().await.unwrap();
            assert!(!problem.contains(canary), "{problem}");
            let problem: Value = serde_json::from_str(&problem).unwrap();
            assert_eq!(problem["errors"][0]["field"], field, "{change}: {problem}");
        }
    }
    assert_eq!(me(&ada).await, before);
    // What must be there cannot be cleared.
    ada.patch(ME, &json!({ "public_name": null, "locale": null })).await;
    assert_eq!(me(&ada).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_what_has_changed_meanwhile_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let tag = ada.get(ME).await.headers()[ETAG].clone();
    let change = async |name: &str| {
        let request = ada.request(Method::PATCH, ME).header(IF_MATCH, tag.clone());
        request.json(&json!({ "given_name": name })).send().await.unwrap()
    };
    let changed = change("Augusta").await;
    assert_eq!(changed.status(), 200);
    assert_ne!(changed.headers()[ETAG], tag);
    assert_eq!(change("Byron").await.status(), 412);
    assert_eq!(me(&ada).await["given_name"], "Augusta");
}

/// A phone changes one name while the web changes another: both changes stay.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_different_fields_at_once_are_all_kept() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for round in 0..8 {
        let name = format!("Name {round}");
        let [given, family, public] =
            ["given_name", "family_name", "public_name"].map(|field| json!({ field: name }));
        let answers =
            tokio::join!(ada.patch(ME, &given), ada.patch(ME, &family), ada.patch(ME, &public));
        assert_eq!([answers.0.status(), answers.1.status(), answers.2.status()], [200, 200, 200]);
        let me = me(&ada).await;
        for field in ["given_name", "family_name", "public_name"] {
            assert_eq!(me[field], json!(name), "{field} of round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_with_their_devices_and_are_their_owners_alone() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    app.advance(TimeDelta::seconds(60));
    let login =
        json!({ "email": ada.email, "password": PASSWORD, "device": "Ada's phone\u{7} 馬" });
    let tokens: Value = app.anyone().post("/api/v1/auth/login", &login).await.json().await.unwrap();
    let phone = app.caller(&ada.email, &tokens);

    let listed = items(&phone, SESSIONS).await;
    let told: Vec<_> =
        listed.iter().map(|session| (&session["device"], &session["current"])).collect();
    let (named, nameless) = (json!("Ada's phone 馬"), json!(""));
    assert_eq!(
        told,
        [(&named, &json!(true)), (&nameless, &json!(false))],
        "the one used last first"
    );
    assert_eq!(listed[0]["created_at"], "2026-06-01T12:01:00Z");
    let current =
        items(&ada, SESSIONS).await.iter().position(|session| session["current"] == json!(true));
    assert_eq!(current, Some(1));

    // Somebody else's session is not there, like one that never was, and stands.
    let path = |session: &Value| format!("{SESSIONS}/{}", session["id"].as_str().unwrap());
    let foreign = eve.delete(&path(&listed[0])).await;
    assert_eq!(foreign.status(), 404);
    let foreign = foreign.text().await.unwrap();
    for never in ["00000000-0000-4000-8000-000000000000", "x", "%00"] {
        let absent = eve.delete(&format!("{SESSIONS}/{never}")).await;
        assert_eq!(absent.status(), 404, "{never}");
        assert_eq!(absent.text().await.unwrap(), foreign, "{never}");
    }
    assert_eq!(app.anyone().delete(&path(&listed[0])).await.status(), 401);
    assert_eq!(phone.get(ME).await.status(), 200);
    assert_eq!(ada.delete(&path(&listed[0])).await.status(), 204);
    assert_eq!(ada.delete(&path(&listed[0])).await.status(), 404);
    assert_eq!(items(&ada, SESSIONS).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_come_in_pages_like_every_list() {
    let app = TestApp::start().await;
    let mut ada = app.member("Ada").await;
    for _ in 0..4 {
        ada = app.sign_in("ada@example.org", PASSWORD).await;
    }
    let all = items(&ada, SESSIONS).await;
    assert_eq!(paged(&ada, SESSIONS, 2).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_activity_once_the_newest_first() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    eve.has_activity(&northward_gpx(8.5, 47.3, 30)).await;
    let mut kept = BTreeSet::new();
    for index in 0..25 {
        // Some begin at the same time, some between others, and plans have no beginning.
        let activity = match index % 5 {
            0 => ada.post("/api/v1/activities", &plan(&format!("Plan {index}"))).await,
            1 | 2 => ada.upload(&northward_gpx(8.5, 47.3, 30), &json!({})).await,
            _ => {
                let started_at = format!("2026-05-{:02}T10:00:00Z", 1 + index);
                ada.upload(&northward_gpx(8.5, 47.3, 30), &json!({ "started_at": started_at }))
                    .await
            }
        };
        assert_eq!(activity.status(), 201);
        let activity: Value = activity.json().await.unwrap();
        kept.insert(activity["id"].as_str().unwrap().to_owned());
    }
    for limit in [1, 4, 5, 24, 25, 100] {
        let listed = paged(&ada, LIST, limit).await;
        let ids: BTreeSet<String> =
            listed.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!((listed.len(), &ids), (25, &kept), "limit {limit}");
        let times: Vec<_> = listed
            .iter()
            .map(|item| item["started_at"].as_str().or(item["created_at"].as_str()))
            .collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    }
    assert_eq!(items(&ada, LIST).await.len(), 20, "unless asked otherwise");

    // Hers, whatever place of somebody else's list she starts from.
    let first: Value = ada.get(&format!("{LIST}?limit=5")).await.json().await.unwrap();
    let cursor = first["next_cursor"].as_str().unwrap();
    let foreign: Value = eve.get(&format!("{LIST}?cursor={cursor}")).await.json().await.unwrap();
    let foreign = foreign["items"].as_array().cloned().unwrap_or_default();
    assert!(foreign.iter().all(|item| !kept.contains(item["id"].as_str().unwrap())));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_list_can_be_narrowed_in_every_way() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for (title, description, sport, started_at) in [
        ("Été à Évian", "with Grace", "running", "2026-05-01T10:00:00Z"),
        ("100% uphill_", "the long way", "hiking", "2026-05-02T10:00:00Z"),
        ("Commute", "nothing to see", "cycling", "2026-05-03T10:00:00Z"),
    ] {
        let metadata = json!({ "title": title, "description": description, "sport": sport, "started_at": started_at });
        let answer = ada.upload(&northward_gpx(8.5, 47.3, 300), &metadata).await;
        assert_eq!(answer.status(), 201);
        if title == "Commute" {
            let activity: Value = answer.json().await.unwrap();
            let path = format!("/api/v1/activities/{}/publish", activity["id"].as_str().unwrap());
            assert_eq!(ada.post(&path, &json!({})).await.status(), 200);
        }
    }
    assert_eq!(ada.post("/api/v1/activities", &plan("Around the lake")).await.status(), 201);
    let (summer, uphill, commute, lake) =
        ("Été à Évian", "100% uphill_", "Commute", "Around the lake");
    let all = [lake, commute, uphill, summer];
    for (query, expected) in [
        ("", &all[..]),
        ("kind=planned", &[lake]),
        ("kind=recorded", &[commute, uphill, summer]),
        ("sport=hiking", &[uphill]),
        ("visibility=published", &[commute]),
        ("visibility=private", &[lake, uphill, summer]),
        ("visibility=link", &[]),
        ("from=2026-05-02T10:00:00Z", &[lake, commute, uphill]),
        ("from=2026-05-02T12:00:00%2B02:00", &[lake, commute, uphill]),
        ("to=2026-05-02T10:00:00Z", &[summer]),
        ("from=2026-05-02T10:00:00Z&to=2026-05-03T10:00:00Z", &[uphill]),
        ("from=2026-05-03T10:00:00Z&to=2026-05-02T10:00:00Z", &[]),
        ("q=%C3%89T%C3%89", &[summer]),
        ("q=grace", &[summer]),
        ("q=THE%20LONG", &[uphill]),
        ("q=%25", &[uphill]),
        ("q=_", &[uphill]),
        ("q=mut", &[commute]),
        ("q=%27%20OR%201=1--", &[]),
        ("q=%00", &[]),
        ("q=a&kind=planned", &[lake]),
        ("q=e&sport=running&visibility=private&kind=recorded&limit=1", &[summer]),
    ] {
        let found = items(&ada, &format!("{LIST}?{query}")).await;
        let titles: Vec<&str> = found.iter().map(|item| item["title"].as_str().unwrap()).collect();
        assert_eq!(titles, expected, "{query}");
    }
    // Titles are sealed: a search opens all of them and still goes page by page.
    let found = paged(&ada, &format!("{LIST}?q=e"), 1).await;
    assert_eq!(found.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_not_fit_is_refused_and_its_field_named() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await;
    let long = format!("q={}", "x".repeat(201));
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1000000000", "limit"),
        ("kind=flown", "kind"),
        ("sport=sleeping", "sport"),
        ("visibility=secret", "visibility"),
        (long.as_str(), "q"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=null", "cursor"),
        ("cursor=AAAA", "cursor"),
        ("cursor=00000000-0000-4000-8000-000000000000", "cursor"),
    ] {
        let answer = ada.get(&format!("{LIST}?{query}")).await;
        assert_eq!(answer.status(), 422, "{query}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
    for query in
        ["limit=-1", "limit=x", "limit=1.5", "from=yesterday", "owner=eve", "limit=5&limit=6"]
    {
        let answer = ada.get(&format!("{LIST}?{query}")).await;
        assert!([400, 422].contains(&answer.status().as_u16()), "{query}: {}", answer.status());
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_before_all_times_or_after_them_does_not_make_the_server_fail() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await;
    // The form of a cursor is no secret: microseconds since 1970, then an id.
    let years = [-262_000, -100_000, -4_800, -4_000, 1970, 100_000, 262_000]
        .map(|year: i64| (year - 1970) * 31_556_952);
    let cursors = years.iter().map(|seconds| seconds * 1_000_000).chain([i64::MIN, -1, i64::MAX]);
    let cursors = cursors.map(|at| {
        format!("cursor={}", BASE64.encode([&at.to_be_bytes()[..], &[0xff; 16]].concat()))
    });
    let times = [
        "-200000-01-01T00:00:00Z",
        "-004800-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "%2B200000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ];
    let times = times.iter().flat_map(|time| [format!("from={time}"), format!("to={time}")]);
    let mut failed = Vec::new();
    for query in cursors.chain(times) {
        let answer = ada.get(&format!("{LIST}?{query}")).await;
        if ![200, 400, 422].contains(&answer.status().as_u16()) {
            failed.push(format!("{query}: {}", answer.status()));
        }
    }
    let metadata = json!({ "started_at": "-200000-01-01T00:00:00Z" });
    let kept = ada.upload(&northward_gpx(8.5, 47.3, 30), &metadata).await;
    if ![201, 422].contains(&kept.status().as_u16()) {
        failed.push(format!("{metadata}: {}", kept.status()));
    }
    assert_eq!(failed, Vec::<String>::new());
}

fn plan(title: &str) -> Value {
    json!({
        "kind": "planned", "title": title,
        "track": { "type": "LineString", "coordinates": [[8.5, 47.3], [8.6, 47.4]] },
    })
}

async fn me(member: &Caller<'_>) -> Value {
    member.get(ME).await.json().await.unwrap()
}

async fn items(member: &Caller<'_>, path: &str) -> Vec<Value> {
    let answer = member.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    let page: Value = answer.json().await.unwrap();
    page["items"].as_array().unwrap().clone()
}

/// What is on all pages, each of which must be full but the last.
async fn paged(member: &Caller<'_>, path: &str, limit: usize) -> Vec<Value> {
    let path = format!("{path}{}limit={limit}", if path.contains('?') { '&' } else { '?' });
    let (mut listed, mut next) = (Vec::new(), Some(path.clone()));
    while let Some(here) = next {
        let answer = member.get(&here).await;
        assert_eq!(answer.status(), 200, "{here}");
        let page: Value = answer.json().await.unwrap();
        let items = page["items"].as_array().unwrap();
        listed.extend_from_slice(items);
        next = page["next_cursor"].as_str().map(|cursor| format!("{path}&cursor={cursor}"));
        assert!(
            items.len() == limit || (next.is_none() && items.len() < limit),
            "{} of {limit}",
            items.len()
        );
        assert!(listed.len() <= 1_000, "it goes in circles");
    }
    listed
}

/// Titles are sealed, so each is opened to be searched: a page looks at so many and no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_goes_on_from_page_to_page_to_the_end() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    // One file of 230 walks, a day each; every 100th has a name of its own.
    let walk = |day: usize| {
        let name = if day % 100 == 5 { "Over the pass" } else { "To work" };
        let point = |second: usize| {
            let time = format!("2025-{:02}-{:02}T07:00:{second:02}Z", day / 28 + 1, day % 28 + 1);
            format!("<trkpt lat=\"47.3\" lon=\"8.5{second}\"><time>{time}</time></trkpt>")
        };
        format!("<trk><name>{name}</name><trkseg>{}{}</trkseg></trk>", point(10), point(40))
    };
    let walks: String = (0..230).map(walk).collect();
    let gpx = format!("<gpx version=\"1.1\" creator=\"test\">{walks}</gpx>");
    assert_eq!(ada.upload(gpx.as_bytes(), &json!({})).await.status(), 201);

    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let path = format!("/api/v1/me/activities?q=pass&limit=2{cursor}");
        let page: Value = ada.get(&path).await.json().await.unwrap();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        found.extend(items.iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, ["Over the pass"; 3]);
    assert_eq!(pages, 2);
}
