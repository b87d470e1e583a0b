//! Planted words and places: whoever takes the disks, the dump and the log of changes finds none of them.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::harness::{TestApp, connect, dump_data};

/// What is planted: a word, and where the track begins, far from all other tests. Each test has its own, for
/// all write to one log of changes.
struct Planted {
    word: &'static str,
    start: [f64; 2],
}

const OF_WHO_STAYS: Planted = Planted { word: "Zembla", start: [151.263_748_1, -33.728_194_6] };
const OF_WHO_LEAVES: Planted = Planted { word: "Xanadu", start: [149.481_527_3, -35.196_482_7] };
/// How far it is from point to point.
const STEP: f64 = 0.000_091_7;
/// The heart rates of the planted track, over and over.
const BEATS: [u8; 8] = [61, 187, 63, 185, 66, 182, 70, 178];

/// What is looked for, by its first two bytes, so that everything is read once.
struct Search {
    traces: Vec<(String, Vec<u8>)>,
    by_beginning: Vec<Vec<usize>>,
}

impl Search {
    fn of(traces: Vec<(String, Vec<u8>)>) -> Self {
        let mut by_beginning = vec![Vec::new(); 1 << 16];
        for (index, (name, trace)) in traces.iter().enumerate() {
            assert!(trace.len() >= 6, "{name} is found anywhere");
            by_beginning[usize::from(trace[0]) << 8 | usize::from(trace[1])].push(index);
        }
        Self { traces, by_beginning }
    }

    /// The names of what lies in `content`.
    fn find(&self, content: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        for at in 0..content.len().saturating_sub(1) {
            for index in
                &self.by_beginning[usize::from(content[at]) << 8 | usize::from(content[at + 1])]
            {
                let (name, trace) = &self.traces[*index];
                if content[at..].starts_with(trace) {
                    found.push(name.as_str());
                }
            }
        }
        found
    }
}

/// Each way in which a place may be written, with the one after it where a number alone is short.
#[allow(clippy::cast_possible_truncation, reason = "that is how they are written")]
fn traces_of(name: &str, [lon, lat]: [f64; 2]) -> Vec<(String, Vec<u8>)> {
    let mut traces = Vec::new();
    let mut add = |what: &str, trace: Vec<u8>| {
        let hex = trace.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        traces.push((format!("{name}: {what}, hex"), hex.clone().into_bytes()));
        traces.push((format!("{name}: {what}, HEX"), hex.to_uppercase().into_bytes()));
        traces.push((format!("{name}: {what}"), trace));
    };
    for degrees in [lon, lat] {
        add("f64 LE", degrees.to_le_bytes().to_vec());
        add("f64 BE", degrees.to_be_bytes().to_vec());
    }
    let next = [lon, lat + STEP];
    for [one, other] in [[lon, lat], [lat, lon], [lat, next[1]], [lon, next[0]]] {
        let e7 = [one, other].map(|degrees| (degrees * 1e7).round() as i32);
        add("1e-7 LE", e7.map(i32::to_le_bytes).concat());
        add("1e-7 BE", e7.map(i32::to_be_bytes).concat());
        let single = [one as f32, other as f32];
        add("f32 LE", single.map(f32::to_le_bytes).concat());
        add("f32 BE", single.map(f32::to_be_bytes).concat());
    }
    for degrees in [lon, lat] {
        let text = format!("{degrees:.7}");
        traces.push((format!("{name}: text"), text.as_bytes()[..text.len() - 1].to_vec()));
        let e7 = (degrees * 1e7).round() as i64;
        traces.push((format!("{name}: 1e-7 as text"), e7.to_string().into_bytes()));
    }
    traces.push((format!("{name}: geohash"), geohash([lon, lat], 7).into_bytes()));
    traces
}

/// A place to some 150 m, as geohash.org writes it.
fn geohash([lon, lat]: [f64; 2], letters: usize) -> String {
    let mut bounds = [[-180.0, 180.0], [-90.0, 90.0]];
    let letter = |letter: usize| {
        let bits = (0..5).map(|bit| {
            let axis = (letter * 5 + bit) % 2;
            let middle = f64::midpoint(bounds[axis][0], bounds[axis][1]);
            let is_above = [lon, lat][axis] >= middle;
            bounds[axis][usize::from(!is_above)] = middle;
            usize::from(is_above)
        });
        char::from(b"0123456789bcdefghjkmnpqrstuvwxyz"[bits.fold(0, |bits, bit| bits << 1 | bit)])
    };
    (0..letters).map(letter).collect()
}

#[test]
fn a_geohash_is_that_of_everybody() {
    assert_eq!(geohash([10.407_44, 57.649_11], 9), "u4pruydqq");
}

impl Planted {
    /// A point of the planted track.
    fn point(&self, index: u32) -> [f64; 2] {
        let [lon, lat] = self.start;
        [lon, lat + STEP * f64::from(index)]
    }

    /// Where the zone is.
    fn home(&self) -> [f64; 2] {
        let [lon, lat] = self.start;
        [lon + 0.000_123_4, lat - 0.000_234_5]
    }

    fn waypoint(&self) -> [f64; 2] {
        let [lon, lat] = self.start;
        [lon, lat + 0.000_000_3]
    }

    /// A name with the word in it.
    fn named(&self, name: &str) -> String {
        format!("{} {name}", self.word)
    }

    fn gpx(&self) -> Vec<u8> {
        let (word, [lon, lat]) = (self.word, self.waypoint());
        let mut gpx = format!(
            "<gpx version=\"1.1\" creator=\"{word} watch\" xmlns:t=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\"><wpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><name>{word} gate</name></wpt><trk><type>running</type><trkseg>"
        );
        let start = chrono::DateTime::parse_from_rfc3339("2026-05-30T07:00:00Z").unwrap();
        for index in 0..300_u32 {
            let ([lon, lat], time) =
                (self.point(index), start + TimeDelta::seconds(i64::from(index) * 3));
            write!(
            gpx,
            "<trkpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><ele>100</ele><time>{}</time><extensions><t:TrackPointExtension><t:hr>{}</t:hr></t:TrackPointExtension></extensions></trkpt>",
            time.format("%Y-%m-%dT%H:%M:%SZ"),
            BEATS[index as usize % BEATS.len()]
        )
        .unwrap();
        }
        (gpx + "</trkseg></trk></gpx>").into_bytes()
    }

    /// What is planted: everything of a private activity, its zone, and of a link its label.
    fn search(&self) -> Search {
        let mut traces = vec![
            ("a word".to_owned(), self.word.as_bytes().to_vec()),
            ("a word".to_owned(), self.word.to_lowercase().into_bytes()),
        ];
        traces.extend(
            [0, 1, 150, 299]
                .map(|index| self.point(index))
                .into_iter()
                .enumerate()
                .flat_map(|(index, at)| traces_of(&format!("point {index}"), at)),
        );
        traces.extend(traces_of("the waypoint", self.waypoint()));
        traces.extend(traces_of("the zone", self.home()));
        traces.push(("heart rates, bytes".to_owned(), BEATS.to_vec()));
        traces.push((
            "heart rates, i16 LE".to_owned(),
            BEATS.iter().flat_map(|beat| i16::from(*beat).to_le_bytes()).collect(),
        ));
        traces.push((
            "heart rates, i16 BE".to_owned(),
            BEATS.iter().flat_map(|beat| i16::from(*beat).to_be_bytes()).collect(),
        ));
        traces.push((
            "heart rates, i32 LE".to_owned(),
            BEATS.iter().flat_map(|beat| i32::from(*beat).to_le_bytes()).collect(),
        ));
        traces.push(("heart rates, text".to_owned(), b"61,187,63,185".to_vec()));
        Search::of(traces)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_private_lies_anywhere_in_the_clear() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let from = text(&app, "pg_walfile_name(pg_current_wal_insert_lsn())").await;
    let zone = json!({ "label": OF_WHO_STAYS.named("home"), "position": OF_WHO_STAYS.home(), "radius_m": 300 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    let metadata =
        json!({ "title": OF_WHO_STAYS.named("title"), "description": OF_WHO_STAYS.named("note") });
    let own: Value = ada.upload(&OF_WHO_STAYS.gpx(), &metadata).await.json().await.unwrap();
    let path = path_of(&own);
    // What is looked at, tried in vain, changed and found out leaves no trace either.
    for child in ["?as=public", "/track.gpx?as=link", "/profile", "/analysis", "/original"] {
        assert_eq!(ada.get(&format!("{path}{child}")).await.status(), 200, "{child}");
    }
    assert_eq!(ada.post(&format!("{path}/publish?check=true"), &json!({})).await.status(), 200);
    assert_eq!(
        ada.patch(&path, &json!({ "description": OF_WHO_STAYS.named("note, longer") }))
            .await
            .status(),
        200
    );
    let nearby = json!({ "position": OF_WHO_STAYS.point(150), "radius_m": 2_000 });
    assert_eq!(ada.post("/api/v1/explore/nearby", &nearby).await.status(), 200);
    // Of one that has a link nothing of the link's label, nor of what is hidden of it.
    let linked = path_of(&ada.has_activity(&crate::harness::northward_gpx(8.5, 47.3, 300)).await);
    let label =
        json!({ "label": OF_WHO_STAYS.named("label"), "password": OF_WHO_STAYS.named("secret") });
    assert_eq!(ada.post(&format!("{linked}/links"), &label).await.status(), 201);
    app.run_jobs().await;

    let search = OF_WHO_STAYS.search();
    let traces = |places: &[(String, Vec<u8>)]| -> Vec<String> {
        let each = places.iter().flat_map(|(place, content)| {
            search.find(content).into_iter().map(move |name| format!("{place}: {name}"))
        });
        each.collect()
    };
    assert_eq!(traces(&everything(&app, &from).await), Vec::<String>::new());

    // The same search finds what is there to be found, in each kind of place.
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    let bbox = seen["statistics"]["bbox"].as_array().unwrap();
    let south = [bbox[0].as_f64().unwrap(), bbox[1].as_f64().unwrap()];
    let search = Search::of(traces_of("the visible start", south));
    let places = everything(&app, &from).await;
    for (place, name) in
        [("dump", "text"), ("base", "f64 LE"), ("pg_wal", "f64 LE"), ("dump", "f64 LE, HEX")]
    {
        let name = format!("the visible start: {name}");
        let is_found = places.iter().any(|(at, content)| {
            at.contains(place) && search.find(content).contains(&name.as_str())
        });
        assert!(is_found, "{place}: {name}");
    }
}

/// Once its owner has left, nothing of what goes, and nothing of what their works showed and do not show any more, is
/// in a dump, which has mails and jobs in it, or in a file.
#[tokio::test(flavor = "multi_thread")]
async fn of_who_has_left_nothing_lies_anywhere() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let zone = json!({ "label": OF_WHO_LEAVES.named("home"), "position": OF_WHO_LEAVES.home(), "radius_m": 300 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    let metadata = json!({ "title": OF_WHO_LEAVES.named("title"), "description": OF_WHO_LEAVES.named("note") });
    // What goes: private, shared in every way, published.
    for _ in 0..2 {
        let own: Value = ada.upload(&OF_WHO_LEAVES.gpx(), &metadata).await.json().await.unwrap();
        let path = path_of(&own);
        let label = json!({ "label": OF_WHO_LEAVES.named("label") });
        assert_eq!(ada.post(&format!("{path}/links"), &label).await.status(), 201);
        assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    }
    assert_eq!(ada.upload(&OF_WHO_LEAVES.gpx(), &metadata).await.status(), 201);
    // What stays, but for its ends.
    let file = crate::harness::northward_gpx(8.5, 47.3, 300);
    let kept = ada.has_published(&file).await;
    let path = format!("/api/v1/activities/{kept}");
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    let ends = [1, 3].map(|edge| seen["statistics"]["bbox"][edge].as_f64().unwrap());
    let dump = dump_data(&app).to_lowercase();
    let hex = |degrees: f64| {
        degrees.to_le_bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    };
    assert!(ends.iter().all(|end| dump.contains(&hex(*end))), "they were shown before");
    let wishes = json!({ "published": "erase", "items": { kept: "anonymize" } });
    assert_eq!(ada.leave(&wishes).await.status(), 202);
    app.finish_leaving().await;

    let search = OF_WHO_LEAVES.search();
    let mut places = vec![("dump".to_owned(), dump_data(&app).into_bytes())];
    read_all(&app.data.join("blobs"), &mut places, &|_| true);
    let found: Vec<String> = places
        .iter()
        .flat_map(|(place, content)| {
            search.find(content).into_iter().map(move |name| format!("{place}: {name}"))
        })
        .collect();
    assert_eq!(found, Vec::<String>::new());
    // Of the work that is left the same search would find the line, and does not find its ends.
    let dump = dump_data(&app).to_lowercase();
    assert!(dump.contains(&hex(8.5)));
    assert!(!ends.iter().any(|end| dump.contains(&hex(*end))));
}

/// The dump, the database's own files with what was deleted, its log of changes from `from` on, its other
/// files, and the data folder.
async fn everything(app: &TestApp, from: &str) -> Vec<(String, Vec<u8>)> {
    connect(app, "opentracks").await.batch_execute("CHECKPOINT").await.unwrap();
    let cluster = PathBuf::from(text(app, "current_setting('data_directory')").await);
    let own =
        text(app, "(SELECT oid::text FROM pg_database WHERE datname = current_database())").await;
    let mut places = vec![("dump".to_owned(), dump_data(app).into_bytes())];
    read_all(&app.data, &mut places, &|_| true);
    for folder in
        [format!("base/{own}"), "global".to_owned(), "pg_stat".to_owned(), "pg_logical".to_owned()]
    {
        read_all(&cluster.join(folder), &mut places, &|_| true);
    }
    // Every test writes to it; those before this one are of no interest.
    read_all(&cluster.join("pg_wal"), &mut places, &|name| from <= name);
    places
}

async fn text(app: &TestApp, expression: &str) -> String {
    let mut conn = connect(app, "opentracks").await;
    let expression = diesel::dsl::sql::<diesel::sql_types::Text>(expression);
    diesel::select(expression).get_result(&mut conn).await.unwrap()
}

/// Every file below `folder` whose name is wanted; one may go while it is read.
fn read_all(folder: &Path, places: &mut Vec<(String, Vec<u8>)>, is_wanted: &dyn Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_all(&path, places, is_wanted);
        } else if is_wanted(&entry.file_name().to_string_lossy()) {
            places
                .extend(fs::read(&path).ok().map(|content| (path.display().to_string(), content)));
        }
    }
}
