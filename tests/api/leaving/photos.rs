//! Photos of works that stay: none, unless they are wanted; and then pixels that nothing else hangs on.

use std::collections::BTreeSet;
use std::fs;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::erased::blobs;
use super::works::rows;
use super::{LAT, LON, publish, titled, work};
use crate::activities::path_of;
use crate::bad_input::refused;
use crate::communities::{community, json_of, share};
use crate::explore::nearby;
use crate::harness::{Caller, TestApp, dump_data, logged};
use crate::photos::{path, send};
use crate::pictures::{CANARY, Said, jpeg, telling_jpeg};

/// The sides of a photo that is just large enough to stay.
pub(super) const SIDES: (u16, u16) = (1_092, 820);
const UPRIGHT: (u16, u16) = (SIDES.1, SIDES.0);
/// What its owner writes under each.
const WORDS: &str = "Xanadu at the gate";

/// Where the tracks of these tests lead through, two kilometres from where they begin.
fn on_the_way() -> [f64; 2] {
    [LON, LAT + 0.018]
}

/// A photo with a place, a time and words, in a file that says more; its record.
pub(super) async fn taken(who: &Caller<'_>, activity: &str, sides: (u16, u16)) -> Value {
    let place = Some([on_the_way()[1], LON]);
    let said = Said { clock: Some("2026:05:30 07:10:00"), place, ..Said::default() };
    let file = telling_jpeg(sides.0, sides.1, &said);
    let words = json!({ "caption": WORDS, "alternative_text": WORDS, "position": on_the_way() });
    let answer = send(who, activity, &[&file], &words).await;
    assert_eq!(answer.status(), 201);
    let kept: Value = answer.json().await.unwrap();
    who.app.run_jobs().await;
    json_of(who, &path(&kept)).await
}

/// The photos of a work, as anyone sees them.
async fn album(app: &TestApp, title: &str) -> Vec<Value> {
    let work = work(&app.anyone(), title).await.unwrap();
    let page = json_of(&app.anyone(), &format!("{}/photos", path_of(&work))).await;
    page["items"].as_array().unwrap().clone()
}

async fn pixels(app: &TestApp, photo: &Value, size: &str) -> Vec<u8> {
    let answer = app.anyone().get(&format!("{}/{size}.jpg", path(photo))).await;
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

/// An hour later, when what was still needed is gone too.
async fn finish(app: &TestApp) {
    app.finish_leaving().await;
    app.advance(TimeDelta::hours(1));
    app.run_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_go_unless_they_are_wanted() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let walk = titled(&ada, 400, "Along the wall").await;
    let large = taken(&ada, &walk, SIDES).await;
    taken(&ada, &walk, (200, 160)).await;
    publish(&ada, &walk).await;
    let outlook = json_of(&ada, "/api/v1/me/deletion").await;
    assert_eq!(outlook["defaults"]["photos"], "erase");
    // The other one is too small to be cut, and is not offered.
    assert_eq!(outlook["items"][0]["photos"], json!([large["id"]]));
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    finish(&app).await;
    assert_eq!(album(&app, "Along the wall").await, Vec::<Value>::new());
    assert_eq!((rows(&app, "commons.photos").await, blobs(&app)), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_stays_is_pixels_of_nobodys() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let walk = titled(&ada, 400, "Along the wall").await;
    let before = taken(&ada, &walk, SIDES).await;
    publish(&ada, &walk).await;
    let was = [pixels(&app, &before, "large").await, pixels(&app, &before, "thumbnail").await];
    let seen = &album(&app, "Along the wall").await[0];
    assert_eq!((&seen["caption"], &seen["position"].is_null()), (&json!(WORDS), &false));
    let files: BTreeSet<String> = files(&app);

    assert_eq!(ada.leave(&json!({ "photos": "anonymize" })).await.status(), 202);
    // With the answer it is gone, as everything is.
    assert_eq!(app.anyone().get(&path(&before)).await.status(), 404);
    finish(&app).await;
    let album = album(&app, "Along the wall").await;
    let [kept] = album.as_slice() else { panic!("{album:?}") };
    assert_ne!(kept["id"], before["id"]);
    for gone in ["caption", "alternative_text", "position"] {
        assert_eq!(kept[gone], Value::Null, "{gone}");
    }
    let side = |size: &str, side: &str| kept["sizes"][size][side].as_u64().unwrap();
    for (size, sides) in [("thumbnail", (400, 300)), ("medium", (960, 720)), ("large", (960, 720))]
    {
        assert_eq!((side(size, "width"), side(size, "height")), sides, "{size}");
        let now = pixels(&app, kept, size).await;
        assert!(!was.contains(&now) && !now.windows(11).any(|part| part == CANARY.as_bytes()));
    }
    assert_ne!(kept["placeholder"], before["placeholder"]);
    refused(app.anyone().get(&path(&before)).await, 404).await;
    // Not one of the files that there were is left, and no word.
    let left = self::files(&app);
    assert_eq!((left.len(), left.intersection(&files).count()), (3, 0));
    let dump = dump_data(&app);
    for gone in [WORDS, "Xanadu", CANARY, "2026-05-30"] {
        assert!(!dump.contains(gone) && !logged().contains(gone), "{gone}");
    }
    assert_eq!(dump.matches(before["id"].as_str().unwrap()).count(), 1, "taken for good, no more");
    // The receipt says how many remain.
    let mails = app.mails(&ada.email).await;
    let receipt = super::unfolded(mails.last().unwrap());
    assert!(receipt.contains("1 works") && receipt.contains("1 of your photos"), "{receipt}");
    // And they stay: what holds files against rows knows of them.
    app.advance(TimeDelta::days(30));
    app.run_jobs().await;
    pixels(&app, kept, "medium").await;
}

/// The names of all sealed files.
pub(super) fn files(app: &TestApp) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![app.data.join("blobs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_name() == "erasures" {
                continue;
            }
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                found.insert(entry.file_name().into_string().unwrap());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_are_chosen_one_by_one_too_and_lie_in_no_order_of_their_owners() {
    // By their new ids, which are random: in the order that others see, in the rows, and among what was made.
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let walk = titled(&ada, 400, "Along the wall").await;
    publish(&ada, &walk).await;
    let mut ids = Vec::new();
    for number in 0..9 {
        // Told apart by whether they are upright: two of nine, the first and the last, are.
        let sides = if number % 8 == 0 { UPRIGHT } else { SIDES };
        ids.push(taken(&ada, &walk, sides).await["id"].clone());
    }
    let items = |legacy: &str| {
        let said =
            ids.iter().skip(1).take(3).map(|id| (id.as_str().unwrap().to_owned(), legacy.into()));
        Value::Object(said.collect())
    };
    for unfit in [json!({ "photos": "keep" }), json!({ "photo_items": { "x": "erase" } })] {
        refused(ada.leave(&unfit).await, 422).await;
    }
    let wishes = json!({ "photos": "anonymize", "photo_items": items("erase") });
    assert_eq!(ada.leave(&wishes).await.status(), 202);
    finish(&app).await;
    let kept = album(&app, "Along the wall").await;
    assert_eq!(kept.len(), 6);
    let upright = |photo: &Value| photo["sizes"]["large"]["height"] == 960;
    assert_eq!(kept.iter().filter(|photo| upright(photo)).count(), 2);
    let listed: Vec<&str> = kept.iter().map(|photo| photo["id"].as_str().unwrap()).collect();
    assert!(listed.is_sorted(), "{listed:?}");
    assert!(ids.iter().all(|old| !listed.contains(&old.as_str().unwrap())));
    let dump = dump_data(&app);
    for table in ["commons.photos", "ops.photo_ids"] {
        let rows = dump.split(&format!("COPY {table} ")).nth(1).unwrap();
        let rows = rows.split("\\.").next().unwrap();
        let at: Vec<usize> = listed.iter().map(|id| rows.find(id).unwrap()).collect();
        assert!(at.is_sorted(), "{table}: {at:?}");
    }
    assert!(
        kept[0]["is_cover"] == true && kept[1..].iter().all(|photo| photo["is_cover"] == false)
    );
}

/// Where the pixels are of a work that nobody sees any more, there is nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_photo_goes_with_the_last_who_sees_it() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let riders = community(&eve, "Riders", "public").await;
    super::joins(&ada, &riders).await;
    let walk = titled(&ada, 400, "Along the wall").await;
    taken(&ada, &walk, SIDES).await;
    assert_eq!(share(&ada, &walk, &riders).await.status(), 200);
    assert_eq!(ada.leave(&json!({ "photos": "anonymize" })).await.status(), 202);
    finish(&app).await;
    let eve = app.sign_in(&eve.email, crate::harness::PASSWORD).await;
    let work = work(&eve, "Along the wall").await.unwrap();
    assert_eq!(
        json_of(&eve, &format!("{}/photos", path_of(&work))).await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!((rows(&app, "commons.photos").await, blobs(&app)), (1, 3));
    let shared = format!("{riders}/activities/{}", work["id"].as_str().unwrap());
    assert_eq!(eve.delete(&shared).await.status(), 204);
    app.run_jobs().await;
    assert_eq!((rows(&app, "commons.photos").await, blobs(&app)), (0, 0));
    assert_eq!(rows(&app, "commons.renditions").await, 0);
}

/// What cannot be drawn, or is not there, keeps nobody from leaving, and no work from being shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_lost_keeps_no_work_from_staying() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let walk = titled(&ada, 400, "Along the wall").await;
    publish(&ada, &walk).await;
    assert_eq!(send(&ada, &walk, &[&jpeg(SIDES.0, SIDES.1)], &Value::Null).await.status(), 201);
    app.run_jobs().await;
    assert_eq!(send(&ada, &walk, &[&jpeg(UPRIGHT.0, UPRIGHT.1)], &Value::Null).await.status(), 201);
    // The first loses its file; the second was never drawn.
    fs::remove_dir_all(app.data.join("blobs")).unwrap();
    assert_eq!(ada.leave(&json!({ "photos": "anonymize" })).await.status(), 202);
    finish(&app).await;
    assert_eq!(album(&app, "Along the wall").await, Vec::<Value>::new());
    assert_eq!(rows(&app, "vault.activities").await, 0);
}

/// Told beforehand and as it comes also where nothing else is to be seen of a work than that it is there.
#[tokio::test(flavor = "multi_thread")]
async fn of_what_does_not_stay_no_photo_is_offered() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let short = titled(&ada, 115, "Too short").await;
    taken(&ada, &short, SIDES).await;
    publish(&ada, &short).await;
    let outlook = json_of(&ada, "/api/v1/me/deletion").await;
    let item = &outlook["items"][0];
    assert_eq!((&item["becomes"], &item["photos"]), (&json!("erase"), &json!([])));
    assert_eq!(ada.leave(&json!({ "photos": "anonymize" })).await.status(), 202);
    finish(&app).await;
    let question = json!({ "position": [LON, LAT], "radius_m": 20_000 });
    assert_eq!(nearby(&app.anyone(), &question).await["items"], json!([]));
    assert_eq!(blobs(&app), 0);
}
