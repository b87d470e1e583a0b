//! Uploads that are repeated, race or break off.

use std::io::Write;
use std::net::Shutdown;

use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_http::open;
use crate::bad_input::{blobs, kept, refused};
use crate::harness::{Caller, TestApp, fixture, form, northward_gpx};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_put_gets_the_same_answer_and_changes_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 100);
    let id = Uuid::new_v4().to_string();
    let answer = ada.put(&id, &file, &json!({ "title": "Once" })).await;
    assert_eq!(answer.status(), 201);
    let first: Value = answer.json().await.unwrap();
    assert_eq!((&first["id"], &first["version"]), (&json!(id), &json!(1)));
    let before = kept(&app).await;
    app.advance(chrono::TimeDelta::minutes(5));

    let answer = ada.put(&id, &file, &json!({ "title": "Once" })).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap(), first);
    assert_eq!(kept(&app).await, before);

    // Nor does it undo what was done meanwhile.
    let edited: Value =
        ada.patch(&path_of(&first), &json!({ "title": "Twice" })).await.json().await.unwrap();
    let again: Value = ada.put(&id, &file, &json!({ "title": "Once" })).await.json().await.unwrap();
    assert_eq!(again, edited);
    // Another file under the same id is no repetition.
    refused(ada.put(&id, &northward_gpx(8.6, 47.3, 100), &json!({})).await, 409).await;
    assert_eq!(ada.get(&path_of(&first)).await.json::<Value>().await.unwrap(), edited);
    assert_eq!(kept(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_put_of_several_activities_gets_them_all_again() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    // One that is sound, and one that breaks off, which is a flaw of the file as a whole.
    let run = String::from_utf8(northward_gpx(8.5, 47.3, 30)).unwrap();
    let broken = run.replace("</trk></gpx>", "</trk><trk>") + run.split("<trk>").nth(1).unwrap();
    let broken = broken.replace("</trk></gpx>", "</trk><trk><name").into_bytes();
    for file in [fixture("demo/korita-zbevnica.gpx"), broken] {
        let id = Uuid::new_v4().to_string();
        let first: Value = ada.put(&id, &file, &json!({})).await.json().await.unwrap();
        assert!(first["activities"].as_array().is_some_and(|all| all.len() > 1), "{first}");
        let before = kept(&app).await;
        let answer = ada.put(&id, &file, &json!({})).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.unwrap(), first);
        assert_eq!(kept(&app).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_puts_at_once_one_is_kept() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 100);
    let id = Uuid::new_v4().to_string();
    let answers = join_all((0..20).map(async |_| ada.put(&id, &file, &json!({})).await)).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 19].as_slice(), &[201]].concat());
    let bodies = join_all(answers.into_iter().map(Response::json::<Value>)).await;
    let first = bodies[0].as_ref().unwrap();
    assert!(bodies.iter().all(|body| body.as_ref().unwrap() == first));
    app.run_jobs().await;
    let kept = kept(&app).await;
    for one in ["blobs", "vault.activities", "vault.tracks", "vault.originals", "ops.activity_ids"]
    {
        assert!(kept.contains(&(one, 1)), "{kept:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_makes_a_repeated_post_harmless() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.member("Ada").await, app.member("Ben").await);
    let file = northward_gpx(8.5, 47.3, 100);
    let answer = post_keyed(&ada, "ride-1", &file).await;
    assert_eq!(answer.status(), 201);
    let first: Value = answer.json().await.unwrap();
    let before = kept(&app).await;
    let answer = post_keyed(&ada, "ride-1", &file).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap(), first);
    refused(post_keyed(&ada, "ride-1", &northward_gpx(8.6, 47.3, 100)).await, 409).await;
    assert_eq!(kept(&app).await, before);

    // Keys are an account's own, and another one is another activity.
    let answer = post_keyed(&ben, "ride-1", &file).await;
    assert_eq!(answer.status(), 201);
    assert_ne!(answer.json::<Value>().await.unwrap()["id"], first["id"]);
    assert_eq!(post_keyed(&ada, "ride-2", &file).await.status(), 201);
    // Without a key each call is one of its own.
    assert_eq!(ada.upload(&file, &json!({})).await.status(), 201);
    assert_eq!(blobs(&app), 4);
}

/// Whether it is private, published or gone: the answer is the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_somebody_else_is_taken_and_nothing_more_is_told() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let file = northward_gpx(8.5, 47.3, 300);
    let id = |activity: Value| activity["id"].as_str().unwrap().to_owned();
    let private = id(ada.has_activity(&file).await);
    let published = ada.has_published(&file).await;
    let deleted = ada.has_published(&file).await;
    assert_eq!(ada.delete(&format!("/api/v1/activities/{deleted}")).await.status(), 204);
    app.run_jobs().await;
    let before = kept(&app).await;
    let mut answers = Vec::new();
    for taken in [private, published, deleted] {
        // With the very file, and with another one.
        for file in [&file, &northward_gpx(8.6, 47.3, 100)] {
            let answer = eve.put(&taken, file, &json!({})).await;
            let names: Vec<String> = answer.headers().keys().map(ToString::to_string).collect();
            answers.push((names, refused(answer, 409).await));
        }
        assert_eq!(eve.get(&format!("/api/v1/activities/{taken}/original")).await.status(), 404);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(kept(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_with_one_file_do_not_meet() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.member("Ada").await, app.member("Ben").await);
    let file = northward_gpx(8.5, 47.3, 300);
    let adas: Value = ada.has_activity(&file).await;
    let answer = ben.upload(&file, &json!({})).await;
    // Nothing tells that somebody had it before.
    assert_eq!(answer.status(), 201);
    let bens: Value = answer.json().await.unwrap();
    assert_ne!(adas["id"], bens["id"]);
    assert_eq!(blobs(&app), 2);
    assert_eq!(ada.delete(&path_of(&adas)).await.status(), 204);
    app.run_jobs().await;
    assert_eq!(blobs(&app), 1);
    let original = ben.get(&format!("{}/original", path_of(&bens))).await;
    assert_eq!(original.bytes().await.unwrap(), file);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    let file = northward_gpx(8.5, 47.3, 1_000);
    let id = Uuid::new_v4();
    let headers = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n";
    for line in ["POST /api/v1/activities".to_owned(), format!("PUT /api/v1/activities/{id}")] {
        for part in [0, 1_000, file.len()] {
            let mut stream = open(&ada, &line, headers);
            stream
                .write_all(b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n")
                .unwrap();
            stream.write_all(&file[..part]).unwrap();
            // The server reads to the end of what was sent before it learns that it breaks off;
            // when it hangs up too, it is done with the request.
            stream.shutdown(Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            let _reset = tokio::task::block_in_place(|| {
                std::io::Read::read_to_end(&mut stream, &mut answer)
            });
            let answer = String::from_utf8(answer).unwrap();
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
            assert_eq!(kept(&app).await, before);
        }
    }
    // The id is as good as new.
    assert_eq!(ada.put(&id.to_string(), &file, &json!({})).await.status(), 201);
}

async fn post_keyed(caller: &Caller<'_>, key: &str, file: &[u8]) -> Response {
    let request = caller.request(Method::POST, "/api/v1/activities").header("Idempotency-Key", key);
    request.multipart(form(file, &json!({}))).send().await.unwrap()
}
