//! What meets: each ends as if one had come after the other.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use futures_util::join;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::{kept, refused};
use crate::communities::{community, put};
use crate::harness::{Caller, Hold, TestApp, connect, fixture, form, northward_gpx, waiting};
use crate::heard::Heard;
use crate::sharing::straight_walk;

/// A publish that is under way when its activity is deleted leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_takes_what_a_publish_makes_at_the_same_time() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    // The rendition is written by then, and not committed.
    let hold = Hold::on(&app, "commons.published").await;
    let (publish, nothing) = (format!("{path}/publish"), json!({}));
    let (published, deleted, ()) = join!(
        ada.post(&publish, &nothing),
        async {
            waiting(&app, 1).await;
            ada.delete(&path).await
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((published.status().as_u16(), deleted.status().as_u16()), (200, 204));
    assert_eq!(app.anyone().get(&path).await.status(), 404);
    let kept = kept(&app).await;
    for none in ["vault.activities", "commons.renditions", "commons.published"] {
        assert!(kept.contains(&(none, 0)), "{kept:?}");
    }
}

/// A deletion of what its owner has read takes nothing that came to it meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_of_a_version_waits_for_a_change_and_then_is_stale() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = format!("/api/v1/activities/{}", ada.has_published(&straight_walk()).await);
    let hold = Hold::on(&app, "commons.published").await;
    let rename = json!({ "title": "Renamed" });
    let (renamed, deleted, ()) = join!(
        ada.patch(&path, &rename),
        async {
            waiting(&app, 1).await;
            let delete = ada.request(Method::DELETE, &path).header("If-Match", "\"2\"");
            delete.send().await.unwrap()
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((renamed.status().as_u16(), deleted.status().as_u16()), (200, 412));
    assert_eq!(ada.get(&path).await.json::<Value>().await.unwrap()["title"], "Renamed");
}

/// Who does not say which version they read has their change made to the one that is there.
#[tokio::test(flavor = "multi_thread")]
async fn of_changes_at_once_none_is_lost() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let change = async |index: usize| {
        let nothing = json!({});
        let answer = match index % 4 {
            0 => ada.patch(&path, &json!({ "title": "Up the hill" })).await,
            1 => ada.patch(&path, &json!({ "description": "And down again" })).await,
            2 => ada.post(&format!("{path}/publish"), &nothing).await,
            _ => ada.post(&format!("{path}/unpublish"), &nothing).await,
        };
        answer.status().as_u16()
    };
    assert_eq!(join_all((0..12).map(change)).await, [200; 12]);
    let own: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(
        (&own["title"], &own["description"]),
        (&json!("Up the hill"), &json!("And down again"))
    );
    assert_eq!(own["version"], 13, "{own}");
    // The commons agree with whichever was last.
    let public = app.anyone().get(&path).await.status().as_u16();
    assert_eq!(public, if own["visibility"] == "published" { 200 } else { 404 });
}

/// Whatever is on its way when its owner leaves finds nobody, and leaves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_its_way_when_its_owner_leaves_is_refused() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let (consent, block) =
        ("/api/v1/me/consents/heat_map", format!("/api/v1/me/blocks/{}", eve.account_id));
    let zone = json!({ "label": "Home", "position": [8.5, 47.3], "radius_m": 200 });
    let requests = [
        ada.request(Method::PUT, "/api/v1/me/picture")
            .header("Content-Type", "image/jpeg")
            .body(fixture("photos/exif_gps.jpg")),
        ada.request(Method::PUT, consent).json(&json!({ "given": true })),
        ada.request(Method::PUT, &block),
        ada.request(Method::POST, "/api/v1/me/zones").json(&zone),
        ada.request(Method::POST, "/api/v1/activities")
            .multipart(form(&northward_gpx(8.5, 47.3, 100), &json!({}))),
    ];
    let mut conn = connect(&app, "opentracks").await;
    // They are let in, and wait for the row that their owner's leaving holds.
    let leave = format!(
        "BEGIN; UPDATE identity.accounts SET erase_at = now() WHERE account_id = '{}'",
        ada.account_id
    );
    conn.batch_execute(&leave).await.unwrap();
    let statements = i64::try_from(requests.len()).unwrap();
    let (answers, ()) = join!(join_all(requests.map(RequestBuilder::send)), async {
        waiting(&app, statements).await;
        conn.batch_execute("COMMIT").await.unwrap();
    });
    for answer in answers {
        refused(answer.unwrap(), 401).await;
    }
    let tables = [
        "vault.consents",
        "vault.blocks",
        "vault.zones",
        "vault.activities",
        "commons.member_pictures",
    ];
    for table in tables {
        let count = format!("SELECT 1 / (count(*) = 0)::int FROM {table}");
        assert!(conn.batch_execute(&count).await.is_ok(), "{table}");
    }
}

/// How often a way is closed while somebody reads by it.
pub const ROUNDS: usize = 100;

/// What a reader gets while a way is closed under them: first all of it, then nothing, and nothing in
/// between. They ask on and on; a question that is put after the way was closed is answered with nothing.
pub async fn is_closed_at_once(
    reader: &Caller<'_>,
    paths: &[String],
    close: impl AsyncFnOnce() -> u16,
) {
    let ask = async |path: &str| Heard::of(reader.request(Method::GET, path)).await;
    let open = join_all(paths.iter().map(|path| ask(path))).await;
    assert!(open.iter().all(|heard| heard.status == 200));
    let is_closed = AtomicBool::new(false);
    let read = async |path: &str, open: &Heard| {
        loop {
            let was_closed = is_closed.load(Ordering::SeqCst);
            let heard = ask(path).await;
            if was_closed {
                assert_eq!(heard.status, 404, "{path}");
                return;
            }
            assert!(heard == *open || heard.status == 404, "{path}: {}", heard.status);
        }
    };
    let close = async {
        let status = close().await;
        is_closed.store(true, Ordering::SeqCst);
        assert!([200, 204].contains(&status), "{status}");
    };
    let readers = paths.iter().zip(&open).map(|(path, open)| read(path, open));
    let ((), _) = join!(close, join_all(readers));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_taken_back_opens_nothing_from_the_answer_on() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await);
    let links = format!("{path}/links");
    let mut link: Value = ada.post(&links, &json!({})).await.json().await.unwrap();
    for round in 0..ROUNDS {
        let token = link["token"].as_str().unwrap();
        let paths = ["", "/track.gpx"].map(|child| format!("/api/v1/shared/{token}{child}"));
        let at = format!("{links}/{}", link["id"].as_str().unwrap());
        // By turns it gets another token, and is deleted.
        let mut next = None;
        let close = async || match round % 2 {
            0 => {
                let answer = ada.post(&format!("{at}/rotate"), &json!({})).await;
                let status = answer.status().as_u16();
                next = Some(answer.json::<Value>().await.unwrap());
                status
            }
            _ => ada.delete(&at).await.status().as_u16(),
        };
        is_closed_at_once(&app.anyone(), &paths, close).await;
        link = match next {
            Some(link) => link,
            None => ada.post(&links, &json!({})).await.json().await.unwrap(),
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_no_more_is_downloaded_no_more_from_the_answer_on() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await);
    let paths = ["", "/track.gpx"].map(|child| format!("{path}{child}"));
    for _ in 0..ROUNDS {
        assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
        let unpublish =
            async || ada.post(&format!("{path}/unpublish"), &json!({})).await.status().as_u16();
        is_closed_at_once(&app.anyone(), &paths, unpublish).await;
    }
}

/// By turns its owner takes it back, its owner leaves, its reader leaves, and its reader is thrown out.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_community_reads_no_more_is_closed_from_the_answer_on() {
    let app = TestApp::start().await;
    let (root, ada, mia) =
        (app.member("Root").await, app.member("Ada").await, app.member("Mia").await);
    let brook = community(&root, "Brook", "public").await;
    let id = brook.rsplit('/').next().unwrap();
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await);
    let paths = ["", "/track.gpx"].map(|child| format!("{path}{child}"));
    let join = [&ada, &mia].map(|member| format!("INSERT INTO commons.memberships VALUES ('{id}', '{}', 'member', now()) ON CONFLICT DO NOTHING;", member.account_id));
    let join = format!("DELETE FROM commons.bans; {}", join.concat());
    let mut conn = connect(&app, "opentracks").await;
    for round in 0..ROUNDS {
        conn.batch_execute(&join).await.unwrap();
        assert_eq!(put(&ada, &format!("{path}/communities/{id}")).await.status(), 200);
        let entry = |member: &Caller<'_>| format!("{brook}/members/{}", member.account_id);
        let close = async || {
            let answer = match round % 4 {
                0 => ada.delete(&format!("{path}/communities/{id}")).await,
                1 => ada.delete(&entry(&ada)).await,
                2 => mia.delete(&entry(&mia)).await,
                _ => put(&root, &format!("{brook}/bans/{}", mia.account_id)).await,
            };
            answer.status().as_u16()
        };
        is_closed_at_once(&mia, &paths, close).await;
    }
}

/// Whoever of the two does it.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_kept_away_reads_nothing_from_the_answer_on() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 100)).await);
    let paths =
        [path.clone(), format!("{path}/track.gpx"), format!("/api/v1/members/{}", ada.account_id)];
    for round in 0..ROUNDS {
        let (one, other) = if round % 2 == 0 { (&ada, &eve) } else { (&eve, &ada) };
        let block = format!("/api/v1/me/blocks/{}", other.account_id);
        is_closed_at_once(&eve, &paths, async || put(one, &block).await.status().as_u16()).await;
        assert_eq!(one.delete(&block).await.status(), 204);
    }
}

/// Of two who want each other's name neither gets it, and neither waits for the other for ever.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_want_each_others_name_are_both_told_that_it_is_taken() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.member("Ada").await, app.member("Ben").await);
    // Each has let go of their name, as far as they know, before either asks for the other one.
    let gate = "CREATE TABLE public.gate ();
        CREATE FUNCTION public.pass() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER AS
            'BEGIN LOCK TABLE public.gate IN ACCESS SHARE MODE; RETURN NEW; END';
        CREATE TRIGGER pass BEFORE INSERT ON identity.public_names
            FOR EACH ROW EXECUTE FUNCTION public.pass()";
    connect(&app, "opentracks").await.batch_execute(gate).await.unwrap();
    let hold = Hold::on(&app, "public.gate").await;
    let (to_ben, to_ada) = (json!({ "public_name": "Ben" }), json!({ "public_name": "Ada" }));
    let (of_ada, of_ben, ()) =
        join!(ada.patch("/api/v1/me", &to_ben), ben.patch("/api/v1/me", &to_ada), async {
            waiting(&app, 2).await;
            hold.release().await;
        });
    for answer in [of_ada, of_ben] {
        assert_eq!(refused(answer, 422).await["errors"][0]["field"], "public_name");
    }
}
