//! What nobody learns of those who keep away from them, and of what was decided about them.

use diesel_async::SimpleAsyncConnection;
use futures_util::join;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::refused;
use crate::communities::{community, joins, json_of, names, print, put, share, shares};
use crate::explore::nearby;
use crate::harness::{Caller, Hold, TestApp, connect, northward_gpx, waiting};

const OUTLOOK: &str = "/api/v1/me/deletion";

fn block(of: &Caller<'_>) -> String {
    format!("/api/v1/me/blocks/{}", of.account_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_would_leave_tells_of_no_block_and_no_ban() {
    let app = TestApp::start().await;
    let (ada, eve, bea) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Bea").await);
    let quiet = community(&eve, "Quiet", "private").await;
    let before = print(ada.get(OUTLOOK).await).await;
    assert_eq!(put(&eve, &block(&ada)).await.status(), 204);
    assert_eq!(put(&bea, &block(&ada)).await.status(), 204);
    let ban = format!("{quiet}/bans/{}", ada.account_id);
    assert_eq!(put(&eve, &ban).await.status(), 204);
    assert_eq!(print(ada.get(OUTLOOK).await).await, before);
    // What one did oneself is told.
    assert_eq!(put(&ada, &block(&eve)).await.status(), 204);
    assert_eq!(json_of(&ada, OUTLOOK).await["erased"]["vault.blocks"], 1);
    // And all of it goes.
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    assert_eq!(json_of(&eve, &format!("{quiet}/bans")).await["items"], json!([]));
}

/// Whoever hands a community over learns no more of those in it than its list tells them.
#[tokio::test(flavor = "multi_thread")]
async fn a_successor_whom_one_does_not_see_is_not_named() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let (bea, cleo) = (app.member("Bea").await, app.member("Cleo").await);
    let path = community(&ada, "Riders", "public").await;
    joins(&eve, &path, &ada, "moderator").await;
    let successor = async || json_of(&ada, OUTLOOK).await["communities"][0]["successor"].clone();
    let named = |who: &Caller<'_>, name: &str| json!({ "id": who.account_id, "public_name": name });
    assert_eq!(successor().await, named(&eve, "Eve"));
    assert_eq!(put(&eve, &block(&ada)).await.status(), 204);
    assert_eq!(successor().await, Value::Null);
    joins(&bea, &path, &ada, "member").await;
    assert_eq!(successor().await, named(&bea, "Bea"));
    let restricted = bea.request(Method::PUT, "/api/v1/me/restriction").send().await.unwrap();
    assert!(restricted.status().is_success(), "{}", restricted.status());
    assert_eq!(successor().await, Value::Null);
    joins(&cleo, &path, &ada, "member").await;
    assert_eq!(successor().await, named(&cleo, "Cleo"));
    // It is as was said.
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    assert_eq!(json_of(&cleo, &path).await["role"], "administrator");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_of_a_community_names_who_keeps_apart() {
    let app = TestApp::start().await;
    let (ada, eve, bea) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Bea").await);
    let path = community(&ada, "Quiet", "private").await;
    for who in [&eve, &bea] {
        assert_eq!(who.post(&format!("{path}/requests"), &json!({})).await.status(), 202);
    }
    let ban = format!("{path}/bans/{}", bea.account_id);
    assert_eq!(put(&ada, &ban).await.status(), 204);
    let (requests, bans) = (format!("{path}/requests"), format!("{path}/bans"));
    assert_eq!(names(&ada, &requests).await, ["Eve"]);
    assert_eq!(names(&ada, &bans).await, ["Bea"]);
    assert_eq!(ada.get(&ban).await.status(), 200);
    // By turns they keep away, and are kept away from.
    assert_eq!(put(&eve, &block(&ada)).await.status(), 204);
    assert_eq!(put(&ada, &block(&bea)).await.status(), 204);
    assert_eq!(names(&ada, &requests).await, [""; 0]);
    assert_eq!(names(&ada, &bans).await, [""; 0]);
    refused(ada.get(&ban).await, 404).await;
    // Nor does an answer: to who knows their id they are not there.
    let approve = format!("{path}/requests/{}", eve.account_id);
    refused(put(&ada, &approve).await, 404).await;
    let cleo = app.member("Cleo").await;
    joins(&cleo, &path, &ada, "member").await;
    let member = format!("{path}/members/{}", cleo.account_id);
    let role = json!({ "role": "moderator" });
    assert_eq!(ada.patch(&member, &role).await.status(), 200);
    assert_eq!(put(&cleo, &block(&ada)).await.status(), 204);
    refused(ada.patch(&member, &role).await, 404).await;
}

/// A question looks at the nearest 3,000. Whoever shares so many would see by the last of them whether one that they do
/// not see is nearer, and by trying how near.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_pages_near_a_place_end_tells_of_nobody_who_keeps_away() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = community(&ada, "Riders", "public").await;
    joins(&eve, &path, &ada, "member").await;
    shares(&ada, &path).await;
    let further = path_of(&eve.has_activity(&northward_gpx(8.51, 47.3, 300)).await);
    assert_eq!(share(&eve, &further, &path).await.status(), 200);
    let id = further.rsplit('/').next().unwrap();
    let copied = ["renditions", "community_activities", "community_starts"].map(|table| {
        format!(
            "INSERT INTO commons.{table}
             SELECT (jsonb_populate_record({table}, jsonb_build_object('activity_id', copies.id))).*
             FROM commons.{table}, copies WHERE activity_id = '{id}';"
        )
    });
    let copies = "CREATE TEMPORARY TABLE copies AS
                  SELECT gen_random_uuid() AS id FROM generate_series(1, 2999);";
    let mut conn = connect(&app, "opentracks").await;
    conn.batch_execute(&format!("{copies}{}", copied.concat())).await.unwrap();
    let seen = async || {
        let mut question = json!({ "position": [8.5, 47.3], "limit": 100 });
        let mut seen = 0;
        loop {
            let page = nearby(&eve, &question).await;
            seen += page["items"].as_array().unwrap().len();
            question["cursor"] = page["next_cursor"].clone();
            if question["cursor"].is_null() {
                return seen;
            }
        }
    };
    assert_eq!(seen().await, 3_000);
    assert_eq!(put(&ada, &block(&eve)).await.status(), 204);
    assert_eq!(seen().await, 3_000);
}

/// Anyone can make a community, and keep any id out of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_ban_tells_nothing_of_who_was_nobody_to_who_kept_them_out() {
    let app = TestApp::start().await;
    let (ada, eve, bea) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Bea").await);
    assert_eq!(put(&bea, &block(&ada)).await.status(), 204);
    let path = community(&ada, "Bait", "public").await;
    let mut told = Vec::new();
    for id in [eve.account_id.clone(), bea.account_id.clone(), Uuid::new_v4().to_string()] {
        let ban = format!("{path}/bans/{id}");
        let mut answers = vec![print(put(&ada, &ban).await).await];
        answers.push(print(ada.get(&ban).await).await);
        answers.push(print(ada.get(&format!("{path}/bans")).await).await);
        // It is good all the same.
        if id == eve.account_id {
            refused(eve.get(&path).await, 404).await;
        }
        answers.push(print(ada.delete(&ban).await).await);
        answers.push(print(ada.delete(&ban).await).await);
        told.push(answers);
    }
    assert!(told[0][1].starts_with("404 ") && told[0][3].starts_with("204 "), "{told:?}");
    assert!(told[0] == told[2] && told[1] == told[2], "{told:?}");
    // Who is seen anyway is named.
    eve.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    assert_eq!(put(&ada, &format!("{path}/bans/{}", eve.account_id)).await.status(), 204);
    assert_eq!(names(&ada, &format!("{path}/bans")).await, ["Eve"]);
}

/// A list is judged first and read then: who left in between reads none of it.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_put_out_while_they_read_a_list_reads_none_of_it() {
    let app = TestApp::start().await;
    let (ada, eve, bea) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Bea").await);
    let path = community(&ada, "Quiet", "private").await;
    assert_eq!(bea.post(&format!("{path}/requests"), &json!({})).await.status(), 202);
    let dee = app.member("Dee").await;
    assert_eq!(dee.post(&format!("{path}/requests"), &json!({})).await.status(), 202);
    let ban = format!("{path}/bans/{}", dee.account_id);
    assert_eq!(put(&ada, &ban).await.status(), 204);
    for list in ["members", "requests", "bans", &ban[path.len() + 1..]] {
        joins(&eve, &path, &ada, "moderator").await;
        let list = format!("{path}/{list}");
        assert_eq!(eve.get(&list).await.status(), 200);
        // They are judged by then, and the list is not read.
        let hold = Hold::on(&app, "commons.members").await;
        let membership = format!("{path}/members/{}", eve.account_id);
        let (read, ()) = join!(eve.get(&list), async {
            waiting(&app, 1).await;
            assert_eq!(eve.delete(&membership).await.status(), 204);
            hold.release().await;
        });
        refused(read, 403).await;
    }
}
