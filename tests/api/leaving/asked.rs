//! What has to be asked for, by whom, and what is hidden with the answer.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Scene, bans, feed, found, is_made, joins, opened, publish, titled, unfolded, work};
use crate::auth::{forgot, login, reset};
use crate::bad_input::refused;
use crate::communities::{community, json_of, names, print};
use crate::harness::{Caller, PASSWORD, TestApp, connect};
use crate::links::page;
use crate::tiles::{tells, tile, tile_of};

const LEAVING: &str = "/api/v1/me";

async fn leave_with(who: &Caller<'_>, body: &Value) -> reqwest::Response {
    who.request(Method::DELETE, LEAVING).json(body).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_answer_nothing_is_seen_any_more_by_any_way() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let Scene { ada, eve, community, .. } = &scene;
    let path = &scene.published;
    let member = format!("/api/v1/members/{}", ada.account_id);
    let (near, far) = (tile_of(13, super::LON, 47.315), tile_of(6, super::LON, 47.315));
    assert!(tells(&tile(&app.anyone(), &near).await, "Ada Brook"));
    let nowhere = format!("/api/v1/activities/{}", Uuid::new_v4());
    let nobody = format!("/api/v1/members/{}", Uuid::new_v4());

    let answer = ada.leave(&json!({})).await;
    assert_eq!(answer.status(), 202);
    let receipt: Value = answer.json().await.unwrap();
    assert!(Uuid::parse_str(receipt["receipt_id"].as_str().unwrap()).is_ok());

    // Without any job having run.
    for viewer in [app.anyone(), eve.clone()] {
        let shape = |text: String| text.replace(path.as_str(), "").replace(&nowhere, "");
        let (seen, absent) = (viewer.get(path).await, viewer.get(&nowhere).await);
        assert_eq!(shape(print(seen).await), shape(print(absent).await));
        assert_eq!(found(&viewer).await, Vec::<Value>::new());
        let search = viewer.get("/api/v1/explore/search?q=valley").await;
        assert_eq!(search.json::<Value>().await.unwrap()["items"], json!([]));
        let (seen, absent) = (viewer.get(&member).await, viewer.get(&nobody).await);
        assert_eq!(print(seen).await, print(absent).await);
    }
    for path in [&near, &far] {
        assert!(tile(&app.anyone(), path).await.is_empty(), "{path}");
    }
    assert!(opened(&app, &scene.link).await.is_none());
    assert_eq!(app.anyone().get(&page(&scene.link)).await.status(), 404);
    assert_eq!(names(eve, &format!("{community}/members")).await, ["Eve"]);
    assert_eq!(feed(eve, community).await, Vec::<Value>::new());
    let items: Value =
        app.anyone().get("/ogc/collections/activities/items").await.json().await.unwrap();
    assert_eq!(items["features"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_second_after_no_token_password_or_code_is_good_and_no_mail_goes_out() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let ada = &scene.ada;
    let other = app.sign_in(&ada.email, PASSWORD).await;
    app.run_jobs().await;
    // On its way when they leave.
    let wish = json!({ "email_to": ["grandma@example.org"] });
    let sent = ada.post(&format!("{}/links", scene.linked), &wish).await;
    assert_eq!(sent.status(), 201);
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    for caller in [ada, &other] {
        for path in ["/api/v1/me", &scene.private, "/api/v1/communities"] {
            refused(caller.get(path).await, 401).await;
        }
        let refresh = json!({ "refresh_token": caller.refresh_token });
        refused(app.anyone().post("/api/v1/auth/refresh", &refresh).await, 401).await;
        refused(caller.leave(&json!({})).await, 401).await;
    }
    // As if there had never been an account, before the job and after it.
    for _ in 0..2 {
        refused(login(&app, &ada.email, PASSWORD).await, 401).await;
        let back = json!({ "email": ada.email, "password": PASSWORD });
        refused(app.anyone().post("/api/v1/auth/undo-deletion", &back).await, 401).await;
        app.run_jobs().await;
    }
    assert!(app.mails("grandma@example.org").await.is_empty());
    let mails = app.mails(&ada.email).await;
    assert!(mails.len() == 1 && mails[0].contains("Receipt"), "{mails:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_the_password_or_a_mailed_code_and_never_a_token_alone() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    refused(leave_with(&ada, &json!({})).await, 422).await;
    refused(leave_with(&ada, &json!({ "password": PASSWORD, "code": "12345678" })).await, 422)
        .await;
    for unfit in [
        json!({ "undo_days": 3 }),
        json!({ "published": "hide" }),
        json!({ "items": { "x": "erase" } }),
        json!({ "unknown": 1 }),
    ] {
        refused(ada.leave(&unfit).await, 422).await;
    }
    refused(leave_with(&ada, &json!({ "password": "another one of them" })).await, 401).await;
    refused(leave_with(&ada, &json!({ "code": "12345678" })).await, 401).await;
    assert_eq!(ada.get("/api/v1/me").await.status(), 200, "nothing is done");

    // Whoever forgot the password, or never had one, gets a code.
    let mut conn = connect(&app, "opentracks_owner").await;
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut conn,
        "UPDATE identity.accounts SET password_hash = NULL",
    )
    .await
    .unwrap();
    refused(ada.leave(&json!({})).await, 401).await;
    assert_eq!(ada.post("/api/v1/me/deletion/code", &json!({})).await.status(), 202);
    let code = app.code(&ada.email).await;
    let eve = app.member("Eve").await;
    refused(leave_with(&eve, &json!({ "code": code })).await, 401).await;
    app.advance(TimeDelta::minutes(10));
    refused(leave_with(&ada, &json!({ "code": code })).await, 401).await;
    let refresh = json!({ "refresh_token": ada.refresh_token });
    let tokens = app.anyone().post("/api/v1/auth/refresh", &refresh).await.json().await.unwrap();
    let ada = app.caller(&ada.email, &tokens);
    assert_eq!(ada.post("/api/v1/me/deletion/code", &json!({})).await.status(), 202);
    let code = app.code(&ada.email).await;
    assert_eq!(leave_with(&ada, &json!({ "code": code })).await.status(), 202);
    refused(leave_with(&ada, &json!({ "code": code })).await, 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let guess = json!({ "password": "another one of them" });
    for _ in 0..10 {
        refused(leave_with(&ada, &guess).await, 401).await;
    }
    let answer = leave_with(&ada, &json!({ "password": PASSWORD })).await;
    assert_eq!(answer.headers()["retry-after"], "30");
    refused(answer, 429).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn within_a_week_it_can_be_taken_back_if_that_was_asked_for() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let Scene { ada, eve, community, .. } = &scene;
    let answer = ada.leave(&json!({ "undo_days": 7 })).await;
    assert_eq!(answer.status(), 202);
    let receipt: Value = answer.json().await.unwrap();
    assert_eq!(receipt["erase_at"], "2026-06-08T12:00:00Z");
    app.run_jobs().await;
    // Hidden all the same.
    assert!(found(&app.anyone()).await.is_empty() && opened(&app, &scene.link).await.is_none());
    assert_eq!(names(eve, &format!("{community}/members")).await, ["Eve"]);
    let mails = app.mails(&ada.email).await;
    assert!(unfolded(mails.last().unwrap()).contains("2026-06-08"), "{mails:?}");

    // Signing in offers to take it back, to who knows the password, and nothing else.
    app.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    app.run_jobs().await;
    refused(login(&app, &ada.email, "another one of them").await, 401).await;
    let offer = login(&app, &ada.email, PASSWORD).await;
    assert_eq!(offer.status(), 403);
    let offer: Value = offer.json().await.unwrap();
    assert_eq!(offer["type"], "/problems/leaving");
    let detail = offer["detail"].as_str().unwrap();
    assert!(detail.contains("2026-06-08T12:00:00Z") && detail.contains("undo-deletion"));
    let wrong = json!({ "email": ada.email, "password": "another one of them" });
    refused(app.anyone().post("/api/v1/auth/undo-deletion", &wrong).await, 401).await;
    let back = json!({ "email": ada.email, "password": PASSWORD });
    let answer = app.anyone().post("/api/v1/auth/undo-deletion", &back).await;
    assert_eq!(answer.status(), 200);
    let ada = app.caller(&ada.email, &answer.json().await.unwrap());
    refused(app.anyone().post("/api/v1/auth/undo-deletion", &back).await, 401).await;
    app.run_jobs().await;

    let me = json_of(&ada, "/api/v1/me").await;
    assert_eq!((&me["public_name"], &me["given_name"]), (&json!("Ada Brook"), &json!("Augusta")));
    let shown = work(&app.anyone(), "Up the valley").await.unwrap();
    assert_eq!(shown["author"]["public_name"], "Ada Brook");
    assert!(scene.published.ends_with(shown["id"].as_str().unwrap()));
    assert_eq!(opened(&app, &scene.link).await.unwrap()["title"], "For some friends");
    // What was a community's does not come back by itself.
    let eve = &app.sign_in(&eve.email, PASSWORD).await;
    assert_eq!(names(eve, &format!("{community}/members")).await, ["Eve"]);
    let communal = json_of(&ada, &scene.communal).await;
    assert_eq!(communal["visibility"], "private");
    // Long after, all is there still.
    app.advance(TimeDelta::days(200));
    app.run_jobs().await;
    assert_eq!(login(&app, &ada.email, PASSWORD).await.status(), 200);
    assert!(work(&app.anyone(), "Up the valley").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_later_it_is_too_late() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    assert_eq!(ada.leave(&json!({ "undo_days": 7 })).await.status(), 202);
    // Who forgot the password meanwhile chooses another one, and is not signed in by that.
    assert_eq!(forgot(&app, &ada.email).await.status(), 202);
    let code = app.code(&ada.email).await;
    let other = "copper lantern drifting twelve";
    assert_eq!(reset(&app, &ada.email, &code, other).await.status(), 204);
    assert_eq!(login(&app, &ada.email, other).await.status(), 403);
    app.advance(TimeDelta::days(7));
    let back = json!({ "email": ada.email, "password": other });
    for _ in 0..2 {
        refused(app.anyone().post("/api/v1/auth/undo-deletion", &back).await, 401).await;
        refused(login(&app, &ada.email, other).await, 401).await;
        app.run_jobs().await;
    }
    assert!(app.mails(&ada.email).await.iter().any(|mail| mail.contains("Receipt")));
    // The address is free for whoever has it now; the name is nobody's for a year.
    app.member_at(&ada.email, "Augusta").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_keeps_the_last_administrator_and_no_community_is_left_alone() {
    let app = TestApp::start().await;
    let (ada, ben, eve) =
        (app.member("Ada").await, app.member("Ben").await, app.member("Eve").await);
    let riders = community(&ada, "Riders", "public").await;
    app.advance(TimeDelta::seconds(1));
    joins(&ben, &riders).await;
    app.advance(TimeDelta::seconds(1));
    joins(&eve, &riders).await;
    is_made(&eve, "moderator", &riders, &ada).await;
    let alone = community(&ada, "Alone", "public").await;
    let waiting = community(&eve, "Closed", "private").await;
    assert_eq!(ada.post(&format!("{waiting}/requests"), &json!({})).await.status(), 202);
    let shut = community(&ben, "Shut", "public").await;
    joins(&ada, &shut).await;
    bans(&ada, &shut, &ben).await;

    let outlook = json_of(&ada, "/api/v1/me/deletion").await;
    let (alone_id, riders_id) =
        (alone.rsplit('/').next().unwrap(), riders.rsplit('/').next().unwrap());
    let eve_id = &eve.account_id;
    assert_eq!(
        outlook["communities"],
        json!([
            { "id": alone_id, "name": "Alone", "successor": null },
            { "id": riders_id, "name": "Riders", "successor": { "id": eve_id, "public_name": "Eve" } },
        ])
    );
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    assert_eq!(json_of(&eve, &riders).await["role"], "administrator");
    assert_eq!(names(&ben, &format!("{riders}/members")).await, ["Ben", "Eve"]);
    assert_eq!(eve.get(&alone).await.status(), 404);
    assert_eq!(json_of(&eve, &format!("{waiting}/requests")).await["items"], json!([]));
    // Who looks after whom they keep out reads no name any more, and then nothing.
    assert_eq!(names(&ben, &format!("{shut}/bans")).await, ["Former member"]);
    app.run_jobs().await;
    assert_eq!(names(&ben, &format!("{shut}/bans")).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_beforehand_what_becomes_of_everything() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let ada = &scene.ada;
    let short = titled(ada, 115, "Too short").await;
    publish(ada, &short).await;
    let named = titled(ada, 304, "Augusta's loop").await;
    publish(ada, &named).await;
    for title in ["Commute 1", "Commute 2"] {
        publish(ada, &titled(ada, 305, title).await).await;
    }
    let limited = titled(ada, 306, "For a week").await;
    let until = json!({ "until": "2026-06-08T12:00:00Z" });
    assert_eq!(ada.post(&format!("{limited}/publish"), &until).await.status(), 200);

    let outlook = json_of(ada, "/api/v1/me/deletion?limit=100").await;
    assert_eq!(
        outlook["activities"],
        json!({ "private": 1, "link": 1, "community": 1, "published": 6 })
    );
    let erased = &outlook["erased"];
    assert_eq!((&erased["vault.tracks"], &erased["vault.originals"]), (&json!(9), &json!(9)));
    assert_eq!((&erased["identity.sessions"], &erased["vault.links"]), (&json!(1), &json!(1)));
    let defaults = json!({
        "published": "anonymize", "shared": "anonymize", "photos": "erase", "undo_days": 0,
    });
    assert_eq!(outlook["defaults"], defaults);
    let items = outlook["items"].as_array().unwrap();
    let told = |title: &str| {
        let item = items.iter().find(|item| item["title"] == title).unwrap();
        (item["becomes"].as_str().unwrap(), item["because"].as_str(), item["cleared"].clone())
    };
    assert_eq!(items.len(), 8);
    for title in ["Up the valley", "For some friends", "With the club"] {
        assert_eq!(told(title), ("anonymize", None, json!([])));
    }
    assert_eq!(told("Too short"), ("erase", Some("too_little_left"), json!([])));
    assert_eq!(told("For a week"), ("erase", Some("ends_with_time"), json!([])));
    for title in ["Augusta's loop", "Commute 1", "Commute 2"] {
        assert_eq!(told(title), ("anonymize", None, json!(["title"])));
    }
    // Page by page it is the same, and nothing was done.
    let mut paged = Vec::new();
    let mut path = "/api/v1/me/deletion?limit=3".to_owned();
    loop {
        let page = json_of(ada, &path).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/me/deletion?limit=3&cursor={cursor}");
    }
    assert_eq!(&paged, items);
    assert!(work(&app.anyone(), "Up the valley").await.is_some());

    // And it comes as it was told.
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    let titles: Vec<Value> =
        found(&app.anyone()).await.iter().map(|work| work["title"].clone()).collect();
    let mut titles: Vec<&str> = titles.iter().map(|title| title.as_str().unwrap()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["Running", "Running", "Running", "Up the valley"]);
}
