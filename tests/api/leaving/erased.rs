//! What is erased: all of it, in the end, however often the process dies on the way.

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use futures_util::join;
use opentracks::actions::erase::Step;
use opentracks::db::ops::Lane;
use opentracks::domain::ErasureId;
use opentracks::privacy::erasure::{self, Rule};
use serde_json::{Value, json};
use uuid::Uuid;

use super::works::rows;
use super::{Scene, found, opened, unfolded};
use crate::bad_input::refused;
use crate::harness::{Hold, TestApp, connect, dump_data, logged, waiting};

/// Words that must be nowhere: names, addresses, texts, labels, of an account in every state.
pub(super) const CANARIES: &[&str] = &[
    "Ada Brook",
    "ada.brook@example.org",
    "Augusta",
    "Nobody sees this",
    "Xanadu home",
    "Xanadu phone",
    "argon2id$v=19$m=19456,t=2,p=1$xanadu",
];

pub(super) async fn leave(scene: &Scene<'_>, wishes: &Value) -> ErasureId {
    let answer = scene.ada.leave(wishes).await;
    assert_eq!(answer.status(), 202);
    let receipt: Value = answer.json().await.unwrap();
    Uuid::parse_str(receipt["receipt_id"].as_str().unwrap()).unwrap().into()
}

/// More of the account: a zone, a device, a block, one who blocks them, a mail that waits.
pub(super) async fn furnish(app: &TestApp, scene: &Scene<'_>) {
    let Scene { ada, eve, .. } = scene;
    let zone = json!({ "label": "Xanadu home", "position": [9.5, 48.3], "radius_m": 300 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    let phone = json!({ "email": ada.email, "password": crate::harness::PASSWORD, "device": "Xanadu phone" });
    assert_eq!(app.anyone().post("/api/v1/auth/login", &phone).await.status(), 200);
    // Where nobody joins unasked, what is kept away from Ben may stay.
    let closed = json!({ "visibility": "private" });
    assert_eq!(eve.patch(&scene.community, &closed).await.status(), 200);
    let ben = app.member("Ben").await;
    for (one, other) in [(ada, &ben), (&ben, ada)] {
        let block = format!("/api/v1/me/blocks/{}", other.account_id);
        assert!(crate::communities::put(one, &block).await.status().is_success());
    }
    // What was made for others under the zone, and the key to another one.
    app.run_jobs().await;
    assert_eq!(eve.get(&scene.community).await.status(), 200);
    assert_eq!(ada.post("/api/v1/me/deletion/code", &json!({})).await.status(), 202);
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |path: std::path::PathBuf| {
        if path.is_dir() { files_below(&path) } else { 1 }
    };
    entries.map(|entry| count(entry.path())).sum()
}

/// Sealed files, without the notes of erasures beside them.
pub(super) fn blobs(app: &TestApp) -> usize {
    let all = app.data.join("blobs");
    files_below(&all) - files_below(&all.join("erasures"))
}

/// Everything that must hold once an account is gone, of which so many files stay.
pub(super) async fn is_gone(app: &TestApp, scene: &Scene<'_>, files: usize) {
    let account = &scene.ada.account_id;
    let mut conn = connect(app, "opentracks").await;
    for table in erasure::tables() {
        for rule in erasure::rules_of(table) {
            let (Rule::Rows(column) | Rule::Severed(column) | Rule::Emptied(column, _)) = rule
            else {
                continue;
            };
            let left = rows(app, &format!("{table} WHERE {column} = '{account}'")).await;
            assert_eq!(left, 0, "{table}.{column}");
        }
    }
    assert_eq!((blobs(app), rows(app, "ops.jobs").await), (files, 0));
    conn.batch_execute("CHECKPOINT").await.unwrap();
    let dump = dump_data(app);
    for canary in CANARIES {
        assert!(!dump.contains(canary), "{canary}");
    }
    // The id is in the ledger, once, and nowhere else.
    assert_eq!(dump.matches(account.as_str()).count(), 1);
    // The ids of what there was are taken for good, and tell nothing else.
    for path in [&scene.private, &scene.published, &scene.linked, &scene.communal] {
        assert_eq!(dump.matches(path.rsplit('/').next().unwrap()).count(), 1, "{path}");
    }
    // One receipt, and what stays is what it says.
    let mails = app.mails(&scene.ada.email).await;
    let receipts: Vec<&String> = mails.iter().filter(|mail| mail.contains("Receipt")).collect();
    assert_eq!(receipts.len(), 1, "{mails:?}");
    let text = unfolded(receipts[0]);
    assert!(text.contains("1 activities") && text.contains("3 works"), "{text}");
    assert_eq!(rows(app, "commons.renditions").await, 3);
    assert_eq!(found(&app.anyone()).await.len(), 1);
    assert!(opened(app, &scene.link).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_7_2_with_the_account_all_that_was_private_goes_and_its_key() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    furnish(&app, &scene).await;
    assert_eq!(blobs(&app), 4);
    let before = dump_data(&app);
    assert!(before.contains("Ada Brook"));
    leave(&scene, &json!({})).await;
    app.finish_leaving().await;
    is_gone(&app, &scene, 0).await;
    let mails = app.mails(&scene.ada.email).await;
    assert!(mails.iter().any(|mail| unfolded(mail).contains("2026-08-30")), "{mails:?}");
    // Nor is there anything of it in what was logged, as nothing ever is.
    let log = logged();
    for canary in CANARIES {
        assert!(!log.contains(canary), "{canary}");
    }
    // The ledger forgets it with the last backup, in the database and outside.
    let note = app.data.join("blobs/erasures");
    assert_eq!((rows(&app, "ops.erasures").await, files_below(&note)), (1, 1));
    app.advance(opentracks::privacy::retention::BACKUP);
    app.run_jobs().await;
    assert_eq!((rows(&app, "ops.erasures").await, files_below(&note)), (0, 0));
    assert!(!dump_data(&app).contains(&scene.ada.account_id));
}

/// `kill -9` after each step: what was done is done, and another worker goes on, once.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_after_any_step_another_goes_on() {
    for steps in 0.. {
        let app = TestApp::start().await;
        let scene = Scene::of(&app).await;
        furnish(&app, &scene).await;
        let id = leave(&scene, &json!({})).await;
        let service = app.app.service();
        // The worker that takes the job dies in the middle: its lease is left behind.
        assert!(service.db.lease_job(Lane::Erasure, None, app.now()).await.unwrap().is_some());
        let mut taken = Vec::new();
        for _ in 0..steps {
            taken.push(service.erase_account(id, app.now()).await.unwrap());
        }
        app.run_jobs().await;
        app.advance(TimeDelta::seconds(60));
        app.finish_leaving().await;
        is_gone(&app, &scene, 0).await;
        if taken.last() == Some(&Step::Done) {
            assert!(steps >= 4, "{steps} steps");
            return;
        }
    }
}

/// A step that fails is tried until it succeeds: erasing was promised.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_tried_until_it_succeeds() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    // The note outside the database cannot be written.
    let blobs = app.data.join("blobs");
    fs::write(blobs.join("erasures"), "in the way").unwrap();
    leave(&scene, &json!({})).await;
    for _ in 0..20 {
        app.run_jobs().await;
        app.advance(TimeDelta::hours(1));
    }
    assert_eq!(rows(&app, "vault.activities").await, 4, "nothing is erased that is not noted");
    assert!(found(&app.anyone()).await.is_empty());
    fs::remove_file(blobs.join("erasures")).unwrap();
    app.advance(TimeDelta::hours(1));
    app.finish_leaving().await;
    assert_eq!(rows(&app, "vault.activities").await, 0);
    assert_eq!(rows(&app, "identity.accounts WHERE erase_at IS NOT NULL").await, 0);
}

/// A call that was let in before and comes through after leaves nothing of itself.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_its_way_comes_too_late() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let ada = &scene.ada;
    let hold = Hold::on(&app, "vault.tracks").await;
    let (publish, nothing) = (format!("{}/publish", scene.private), json!({}));
    let (published, ()) = join!(ada.post(&publish, &nothing), async {
        waiting(&app, 1).await;
        assert_eq!(ada.leave(&nothing).await.status(), 202);
        hold.release().await;
    });
    refused(published, 401).await;
    assert!(found(&app.anyone()).await.is_empty());
    app.finish_leaving().await;
    assert_eq!(rows(&app, "vault.activities").await, 0);
}

/// Tables and files that nobody told the job of: it finds them by the inventory, and by what the database says.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_table_of_accounts_goes_without_being_told_of() {
    let app = TestApp::start().await;
    for table in erasure::tables() {
        for rule in erasure::rules_of(table) {
            let right = match rule {
                Rule::Rows(_)
                | Rule::Untold(_)
                | Rule::Severed(_)
                | Rule::Address
                | Rule::Works => "DELETE",
                Rule::Emptied(..) => "UPDATE",
                Rule::Kept(_) => continue,
            };
            // What may not be deleted from has to go with the account's row.
            let held = format!(
                "(SELECT 1 WHERE has_table_privilege('{table}', '{right}') OR EXISTS (
                     SELECT FROM pg_constraint WHERE contype = 'f' AND confdeltype = 'c'
                       AND conrelid = '{table}'::regclass AND confrelid = 'identity.accounts'::regclass
                 )) AS held"
            );
            assert_eq!(rows(&app, &held).await, 1, "{table}: {right}");
        }
    }
    // An id that names no row names a file.
    let named = "(SELECT table_schema || '.' || table_name AS of, column_name AS name
                  FROM information_schema.columns WHERE table_schema IN ('identity', 'vault')
                    AND udt_name = 'uuid' AND column_name NOT LIKE '%id') AS files";
    let known = erasure::blobs()
        .filter(|(table, _)| !table.starts_with("ops."))
        .map(|(table, column)| format!("'{table}.{column}'"))
        .collect::<Vec<_>>()
        .join(", ");
    let unknown = format!("{named} WHERE of || '.' || name NOT IN ({known})");
    assert_eq!(
        rows(&app, &unknown).await,
        0,
        "say in BLOB_COLUMNS of src/privacy/erasure.rs which it is"
    );
}

/// A log that no login of ours may delete from goes with the account's row.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_deleted_from_keeps_nobody_from_leaving() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let revoke = "REVOKE DELETE ON vault.zones FROM opentracks_owner";
    let zone = json!({ "label": "Xanadu home", "position": [9.5, 48.3], "radius_m": 300 });
    assert_eq!(scene.ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    connect(&app, "opentracks").await.batch_execute(revoke).await.unwrap();
    leave(&scene, &json!({})).await;
    app.finish_leaving().await;
    assert_eq!(rows(&app, "vault.zones").await, 0);
    assert_eq!(rows(&app, "identity.accounts WHERE erase_at IS NOT NULL").await, 0);
}
