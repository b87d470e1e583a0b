//! What is owed to everybody does not wait behind what is one account's.

use std::collections::BTreeSet;
use std::fs;
use std::sync::mpsc;
use std::thread::available_parallelism;

use diesel_async::SimpleAsyncConnection;
use opentracks::db::ops::Lane;
use opentracks::domain::AccountId;
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use uuid::Uuid;

use crate::activities::path_of;
use crate::auth::forgot;
use crate::harness::{Caller, Hold, TestApp, connect, northward_gpx, waiting};
use crate::jobs::count;
use crate::photos::{album, send};
use crate::pictures::jpeg;

/// Sends so many photos, which wait to be drawn.
async fn sends_photos(who: &Caller<'_>, photos: u16) -> String {
    let activity = path_of(&who.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let files: Vec<Vec<u8>> = (0..photos).map(|index| jpeg(8 + index, 8)).collect();
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    assert_eq!(send(who, &activity, &files, &Value::Null).await.status(), 201);
    activity
}

fn is_written_to(app: &TestApp, email: &str) -> bool {
    let files = fs::read_dir(app.data.join("outbox")).unwrap().map(|mail| mail.unwrap().path());
    // What is still being written has another name.
    let mut mails = files.filter(|mail| mail.extension().is_some_and(|kind| kind == "eml"));
    mails.any(|mail| fs::read_to_string(mail).unwrap().contains(&format!("To: {email}\r\n")))
}

/// Takes all that pictures are drawn with, until what is returned is dropped.
async fn nothing_is_drawn(app: &TestApp) -> Vec<mpsc::Sender<()>> {
    let (started, mut starts) = unbounded_channel();
    let mut held = Vec::new();
    for _ in 0..available_parallelism().map_or(2, usize::from).min(2) {
        let (release, released) = mpsc::channel();
        let (drawing, started) = (app.app.service().drawing.clone(), started.clone());
        tokio::spawn(async move {
            let wait = move || {
                started.send(()).unwrap();
                released.recv().unwrap_err();
            };
            drawing.run(wait).await.unwrap();
        });
        starts.recv().await.unwrap();
        held.push(release);
    }
    held
}

/// The worker is in the middle of a photo, and more of them wait.
#[tokio::test(flavor = "multi_thread")]
async fn codes_arrive_and_accounts_are_erased_while_photos_are_drawn() {
    let app = TestApp::start().await;
    let (ada, bob, eve) =
        (app.member("Ada").await, app.member("Bob").await, app.member("Eve").await);
    let photos = sends_photos(&ada, 3).await;
    let states = async || {
        let photos = album(&ada, &photos).await;
        photos.iter().map(|photo| photo["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = states().await;
    let held = nothing_is_drawn(&app).await;
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn({
        let worker = app.app.worker();
        async move { worker.run(stopped).await }
    });
    while count(&app, "(SELECT FROM ops.jobs WHERE kind = 'draw_photo' AND lease IS NOT NULL)")
        .await
        == 0
    {}
    assert_eq!(forgot(&app, &bob.email).await.status(), 202);
    assert_eq!(eve.leave(&json!({})).await.status(), 202);
    while !is_written_to(&app, &bob.email) || count(&app, "identity.accounts").await == 3 {}
    assert_eq!(states().await, before);
    drop(held);
    while count(&app, "(SELECT FROM ops.jobs WHERE kind = 'draw_photo')").await > 0 {}
    assert_eq!(states().await, ["ready"; 3]);
    stop.send(true).unwrap();
    worker.await.unwrap();
}

/// Who has little to do does not wait for who has much.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_take_turns_with_what_is_long() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("Ada").await, app.member("Bob").await);
    sends_photos(&ada, 4).await;
    sends_photos(&bob, 2).await;
    let mut served: Vec<Option<AccountId>> = Vec::new();
    let db = &app.app.service().db;
    while let Some(leased) =
        db.lease_job(Lane::Account, served.last().copied().flatten(), app.now()).await.unwrap()
    {
        served.push(leased.account);
    }
    let id = |who: &Caller<'_>| Some(Uuid::parse_str(&who.account_id).unwrap().into());
    let both = BTreeSet::from([id(&ada), id(&bob)]);
    for round in served[..4].chunks(2) {
        assert_eq!(round.iter().copied().collect::<BTreeSet<_>>(), both, "{served:?}");
    }
    assert_eq!(served[4..], [id(&ada), id(&ada)]);
}

/// The map lasts until it is told to end.
const LONG: &str = "
    CREATE TABLE public.ends ();
    GRANT SELECT ON public.ends TO PUBLIC;
    CREATE FUNCTION public.last() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    BEGIN
        WHILE NOT EXISTS (SELECT FROM public.ends) LOOP PERFORM pg_sleep(0.01); END LOOP;
        RETURN NULL;
    END $$;
    CREATE TRIGGER last AFTER DELETE ON commons.heat_cells
        FOR EACH STATEMENT EXECUTE FUNCTION public.last();";

/// What is promised is done while the heat map is made, which takes minutes where much is published.
#[tokio::test(flavor = "multi_thread")]
async fn short_tasks_do_not_wait_for_long_ones() {
    let app = TestApp::start().await;
    let mut conn = connect(&app, "opentracks").await;
    conn.batch_execute(LONG).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn({
        let worker = app.app.worker();
        async move { worker.run(stopped).await }
    });
    let is_done = async |task: &str| {
        let done =
            format!("(SELECT FROM ops.schedule WHERE task = '{task}' AND done_at IS NOT NULL)");
        count(&app, &done).await == 1
    };
    for _ in 0..20_000 {
        if is_done("expire withdrawn ids").await {
            break;
        }
    }
    assert!(is_done("expire withdrawn ids").await && !is_done("remake heat map").await);
    conn.batch_execute("INSERT INTO public.ends DEFAULT VALUES").await.unwrap();
    while !is_done("remake heat map").await {}
    stop.send(true).unwrap();
    worker.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_stop_begins_no_other_task() {
    let app = TestApp::start().await;
    let hold = Hold::on(&app, "identity.sessions").await;
    let (stop, stopped) = watch::channel(false);
    let worker = app.app.worker();
    let running = tokio::spawn(async move { worker.run(stopped).await });
    waiting(&app, 1).await;
    stop.send(true).unwrap();
    hold.release().await;
    running.await.unwrap();
    let of = |task: &str| format!("(SELECT FROM ops.schedule WHERE task = '{task}')");
    assert_eq!(count(&app, &of("expire sessions")).await, 1);
    assert_eq!(count(&app, &of("go on erasing")).await, 0);
}
