//! Nothing never equals nothing: who is nobody owns nothing of nobody's, and an empty word opens nothing.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::communities::{community, joins, put, shares};
use crate::harness::{Caller, TestApp, connect, northward_gpx};
use crate::heard::Heard;
use crate::sharing::CHILDREN;

/// What clients send when they have nothing to send.
const NOTHING: [&str; 11] = [
    "",
    "null",
    "undefined",
    "None",
    "nil",
    "NaN",
    "0",
    "[]",
    "{}",
    "%00",
    "00000000-0000-0000-0000-000000000000",
];

async fn sql(app: &TestApp, statements: &str) {
    connect(app, "opentracks").await.batch_execute(statements).await.unwrap();
}

async fn get(caller: &Caller<'_>, path: &str) -> Heard {
    Heard::of(caller.request(Method::GET, path)).await
}

/// What an author leaves behind who is gone is nobody's. It is not an anonymous reader's.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_owns_what_an_author_left_behind() {
    let app = TestApp::start().await;
    let (ada, eve, mia) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Mia").await);
    let brook = community(&ada, "Brook", "private").await;
    joins(&mia, &brook, &ada, "member").await;
    let published =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let shared = shares(&ada, &brook).await;
    let linked = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 301)).await);
    assert_eq!(ada.post(&format!("{linked}/links"), &json!({})).await.status(), 201);
    // As a deletion of her account will leave it.
    sql(&app, "UPDATE commons.renditions SET author_id = NULL; UPDATE commons.published SET author_id = NULL; DELETE FROM vault.activities").await;
    for viewer in [&app.anyone(), &eve, &ada] {
        let seen = get(viewer, &published).await;
        assert_eq!((seen.status, &seen.json()["author"]), (200, &Value::Null));
        for hidden in [&shared, &linked] {
            if viewer.account_id == ada.account_id && *hidden == shared {
                continue; // She is in the community.
            }
            for child in CHILDREN {
                let nothing =
                    get(viewer, &format!("/api/v1/activities/{}{child}", Uuid::new_v4())).await;
                assert_eq!(get(viewer, &format!("{hidden}{child}")).await, nothing, "{child}");
            }
        }
        let expected = if viewer.token.is_some() { 404 } else { 401 };
        for path in [&published, &shared, &linked] {
            for (method, child) in [
                (Method::GET, "/original"),
                (Method::GET, "/links"),
                (Method::POST, "/unpublish"),
                (Method::PATCH, ""),
                (Method::DELETE, ""),
            ] {
                let request = viewer.request(method.clone(), &format!("{path}{child}"));
                let request = if method == Method::PATCH {
                    request.json(&json!({ "title": "Mine" }))
                } else {
                    request
                };
                assert_eq!(Heard::of(request).await.status, expected, "{method} {child}");
            }
        }
        let nearby = json!({ "position": [8.5, 47.3], "radius_m": 50_000 });
        let found =
            viewer.post("/api/v1/explore/nearby", &nearby).await.json::<Value>().await.unwrap();
        // She is in the community still.
        let finds = if viewer.account_id == ada.account_id { 2 } else { 1 };
        assert_eq!(found["items"].as_array().unwrap().len(), finds, "{found}");
    }
    // Whom it was shared with still reads it; who keeps away from nobody keeps away from no author.
    assert_eq!(put(&mia, &format!("/api/v1/me/blocks/{}", eve.account_id)).await.status(), 204);
    assert_eq!(get(&mia, &shared).await.json()["author"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_token_opens_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let link: Value = ada
        .post(&format!("{path}/links"), &json!({ "password": "brook" }))
        .await
        .json()
        .await
        .unwrap();
    let id = path.rsplit('/').next().unwrap();
    let tokens = NOTHING
        .into_iter()
        .chain([id, link["id"].as_str().unwrap()])
        .filter(|token| !token.is_empty());
    let all_zero = "A".repeat(32);
    for child in CHILDREN {
        let nothing = get(&app.anyone(), &format!("/api/v1/shared/{all_zero}{child}")).await;
        assert_eq!(nothing.status, 404);
        for token in tokens.clone() {
            assert_eq!(
                get(&app.anyone(), &format!("/api/v1/shared/{token}{child}")).await,
                nothing,
                "{token}"
            );
        }
    }
    let nothing = get(&app.anyone(), &format!("/s/{all_zero}")).await;
    assert_eq!(nothing.status, 404);
    for token in tokens {
        assert_eq!(get(&app.anyone(), &format!("/s/{token}")).await, nothing, "{token}");
    }
    for path in ["/api/v1/shared", "/api/v1/shared/", "/s", "/s/", "/api/v1/activities/"] {
        assert_eq!(get(&app.anyone(), path).await.status, 404, "{path}");
    }
    // Nor is a lock opened by no pass.
    let shared = format!("/api/v1/shared/{}", link["token"].as_str().unwrap());
    let locked = get(&app.anyone(), &shared).await;
    assert_eq!(locked.status, 401);
    for pass in NOTHING {
        for passes in [1, 2] {
            let request = app.anyone().request(Method::GET, &shared);
            let request = (0..passes).fold(request, |request, _| request.header("Link-Pass", pass));
            assert_eq!(Heard::of(request).await, locked, "{pass}");
        }
    }
}

/// A header that says nothing is a bad one. None of them makes a reader of anybody.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_word_for_who_asks_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let published =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let private = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    for nothing in NOTHING {
        for header in [nothing.to_owned(), format!("Bearer {nothing}"), format!("Bearer{nothing}")]
        {
            for path in [&published, &private, "/api/v1/me", "/api/v1/communities"] {
                let request =
                    app.anyone().request(Method::GET, path).header("Authorization", &header);
                assert_eq!(Heard::of(request).await.status, 401, "{header:?} {path}");
            }
        }
    }
}

/// Words in an address make nobody an audience. Its owner is told that they make no sense.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_audience_is_none() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let hidden = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let absent = format!("/api/v1/activities/{}", Uuid::new_v4());
    let audiences = NOTHING.map(|nothing| format!("as={nothing}"));
    let communities = NOTHING.map(|nothing| format!("as=community:{nothing}"));
    let other = [
        "as",
        "as=owner",
        "as=private",
        "as=public&as=link",
        "share=",
        "share=null",
        "share[]=",
        "token=",
        "viewer=",
        "author=",
    ];
    let other = other.map(ToOwned::to_owned);
    for query in audiences.into_iter().chain(communities).chain(other) {
        for child in CHILDREN {
            for viewer in [&app.anyone(), &eve] {
                let heard = get(viewer, &format!("{hidden}{child}?{query}")).await;
                assert!(
                    heard.status.is_multiple_of(100) || heard.status > 400,
                    "{query}: {}",
                    heard.status
                );
                assert_eq!(
                    heard,
                    get(viewer, &format!("{absent}{child}?{query}")).await,
                    "{query}"
                );
                assert_ne!(heard.status, 200, "{query}");
            }
            let own = get(&ada, &format!("{hidden}{child}?{query}")).await.status;
            assert!([400, 404, 422].contains(&own), "{query}: {own}");
        }
    }
}

/// No community is the same as no community: one shares with those that one is in.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_shares_with_no_community_or_with_that_of_others() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let others = community(&eve, "Brook", "public").await;
    let others = others.rsplit('/').next().unwrap();
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    for community in NOTHING.into_iter().chain([others, &Uuid::new_v4().to_string()]) {
        let status = put(&ada, &format!("{path}/communities/{community}")).await.status().as_u16();
        assert_eq!(status, 404, "{community}");
        let wish = json!({ "visibility": "community", "community": community });
        let status = ada.post("/api/v1/me/visibility", &wish).await.status().as_u16();
        assert!([400, 404, 422].contains(&status), "{community}: {status}");
    }
    let own: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!((&own["visibility"], &own["version"]), (&json!("private"), &json!(1)));
    assert_eq!(get(&eve, &path).await.status, 404);
}

/// What a reader may not see takes no place on a page either: a page that is short would tell of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_as_full_as_if_there_were_nothing_hidden() {
    let app = TestApp::start().await;
    let (ada, bob, eve) =
        (app.member("Ada").await, app.member("Bob").await, app.member("Eve").await);
    let further = bob.has_published(&northward_gpx(8.51, 47.3, 300)).await;
    let nearby = json!({ "position": [8.5, 47.3], "radius_m": 50_000, "limit": 1 });
    let page =
        async || Heard::of(eve.request(Method::POST, "/api/v1/explore/nearby").json(&nearby)).await;
    let alone = page().await;
    assert_eq!(alone.json()["items"][0]["activity"]["id"], further);
    assert_eq!(alone.json()["next_cursor"], Value::Null);
    let nearer = async || path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);

    let linked = nearer().await;
    assert_eq!(ada.post(&format!("{linked}/links"), &json!({})).await.status(), 201);
    assert_eq!(page().await, alone, "a link is to it");
    assert_eq!(ada.post(&format!("{linked}/publish"), &json!({})).await.status(), 200);
    assert_ne!(page().await, alone, "it is found once it is published");
    assert_eq!(ada.post(&format!("{linked}/unpublish"), &json!({})).await.status(), 200);
    assert_eq!(page().await, alone, "it is published no more");

    let over = nearer().await;
    let until = json!({ "until": app.now() + TimeDelta::seconds(60) });
    assert_eq!(ada.post(&format!("{over}/publish"), &until).await.status(), 200);
    app.advance(TimeDelta::seconds(60));
    assert_eq!(page().await, alone, "its time is over");

    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    assert_ne!(page().await, alone);
    assert_eq!(put(&eve, &format!("/api/v1/me/blocks/{}", ada.account_id)).await.status(), 204);
    assert_eq!(page().await, alone, "its author is kept away from");
}
