//! What takes long is done for a network so many times at once.

use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::bad_input::refused;
use crate::explore::nearby;
use crate::harness::{Caller, Hold, TestApp, connect, northward_gpx, waiting};

const ALONG: &str = "/api/v1/explore/along";
const OPEN_DATA: &str = "/open-data/activities.geojsons";
/// Two networks; of IPv6 all that a household has is one.
const HERE: &str = "203.0.113.7";
const THERE: &str = "2001:db8:0:1::1";
const THERE_TOO: &str = "2001:db8:0:2::2";

async fn start() -> TestApp {
    let settings = [("OPENTRACKS_TRUSTED_PROXIES", "127.0.0.1")];
    TestApp::start_with(&settings).await
}

async fn get(caller: &Caller<'_>, network: &str, path: &str) -> Response {
    let request = caller.request(Method::GET, path).header("X-Forwarded-For", network);
    request.send().await.unwrap()
}

fn line() -> Value {
    json!({ "line": [[8.5, 47.3], [8.5, 47.327]] })
}

async fn along(caller: &Caller<'_>, network: &str) -> Response {
    let request = caller.request(Method::POST, ALONG).header("X-Forwarded-For", network);
    request.json(&line()).send().await.unwrap()
}

async fn wait_is_told(answer: Response) {
    assert_eq!(answer.headers()["retry-after"], "1");
    let problem = refused(answer, 429).await;
    assert_eq!(problem["type"], "/problems/throttled");
    // Nobody tried anything too often.
    assert!(!problem.to_string().contains("attempts"), "{problem}");
}

/// Has members, and nobody else, wait for a table that can be held.
async fn have_members_wait(app: &TestApp) {
    let script = "
        CREATE OR REPLACE FUNCTION commons.are_apart(one UUID, other UUID) RETURNS BOOLEAN
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
        BEGIN
            IF one IS NOT NULL THEN PERFORM FROM vault.blocks LIMIT 1; END IF;
            RETURN false;
        END $$";
    connect(app, "opentracks").await.batch_execute(script).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_asks_what_runs_along_one_line_at_a_time() {
    let app = start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    have_members_wait(&app).await;
    let hold = Hold::on(&app, "vault.blocks").await;
    let meanwhile = async {
        waiting(&app, 2).await;
        wait_is_told(along(&app.anyone(), HERE).await).await;
        wait_is_told(along(&app.anyone(), THERE_TOO).await).await;
        // Whatever is asked about lines, the open data are read.
        assert_eq!(get(&app.anyone(), HERE, OPEN_DATA).await.status(), 200);
        hold.release().await;
    };
    let (first, second, ()) = tokio::join!(along(&eve, HERE), along(&eve, THERE), meanwhile);
    assert_eq!([first.status(), second.status()], [200, 200]);
    for network in [HERE, THERE_TOO] {
        assert_eq!(along(&app.anyone(), network).await.status(), 200);
    }
}

/// The database goes on working for who hung up.
#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_gets_no_other_turn_for_it() {
    let app = start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    have_members_wait(&app).await;
    let hold = Hold::on(&app, "vault.blocks").await;
    let body = line().to_string();
    let request = format!(
        "POST {ALONG} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nX-Forwarded-For: {HERE}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        eve.token.as_ref().unwrap(),
        body.len()
    );
    let mut stream = TcpStream::connect(app.address.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    waiting(&app, 1).await;
    // As a program does that is killed: it sends a reset.
    stream.set_zero_linger().unwrap();
    drop(stream);
    for _ in 0..30 {
        assert_eq!(app.anyone().get("/health/live").await.status(), 200);
    }
    wait_is_told(along(&app.anyone(), HERE).await).await;
    assert_eq!(along(&app.anyone(), THERE).await.status(), 200);
    hold.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_reads_two_files_of_the_open_data_at_once() {
    let app = start().await;
    let files = [OPEN_DATA, "/open-data/activities.fgb"];
    let anyone = app.anyone();
    let hold = Hold::on(&app, "commons.open_data").await;
    let meanwhile = async {
        waiting(&app, 2).await;
        for file in files {
            wait_is_told(get(&anyone, HERE, file).await).await;
        }
        assert_eq!(along(&anyone, HERE).await.status(), 200);
        hold.release().await;
    };
    let both = join_all(files.map(|file| get(&anyone, HERE, file)));
    let (both, ()) = tokio::join!(both, meanwhile);
    for answer in both {
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap();
    }
    for file in files {
        assert_eq!(get(&anyone, HERE, file).await.status(), 200);
    }
}

/// So there is always a connection for others.
#[tokio::test(flavor = "multi_thread")]
async fn a_network_searches_five_times_at_once() {
    const PATHS: [&str; 3] = [
        "/api/v1/explore/search?q=lake",
        "/ogc/collections/activities/items",
        "/ogc/collections/waypoints/items",
    ];
    let app = start().await;
    let anyone = app.anyone();
    let hold = Hold::on(&app, "commons.published").await;
    let meanwhile = async {
        waiting(&app, 5).await;
        for path in PATHS {
            wait_is_told(get(&anyone, HERE, path).await).await;
        }
        let others = join_all(PATHS.map(|path| get(&anyone, THERE, path)));
        let then = async {
            waiting(&app, 8).await;
            hold.release().await;
        };
        let (others, ()) = tokio::join!(others, then);
        assert!(others.iter().all(|answer| answer.status() == 200));
    };
    let five = join_all((0..5).map(|number| get(&anyone, HERE, PATHS[number % 3])));
    let (five, ()) = tokio::join!(five, meanwhile);
    assert!(five.iter().all(|answer| answer.status() == 200));
    for path in PATHS {
        assert_eq!(get(&anyone, HERE, path).await.status(), 200);
    }
}

/// Each line whose box a place lies in is measured, before a page is looked at what comes before it, and which of the
/// starts are rated no index knows. The nearest starts are found in a moment, however many ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_network_asks_what_is_near_lines_and_for_more_pages_five_times_at_once() {
    let app = start().await;
    let (ada, anyone) = (app.member("Ada").await, app.anyone());
    for _ in 0..2 {
        ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    }
    let first = json!({ "position": [8.5, 47.3], "limit": 1 });
    let [mut to_line, mut second, mut rated] = [(); 3].map(|()| first.clone());
    to_line["to"] = json!("line");
    rated["rating"] = json!({ "min": 4 });
    second["cursor"] = nearby(&anyone, &first).await["next_cursor"].clone();
    let near = async |network: &str, question: &Value| {
        let request = anyone.request(Method::POST, "/api/v1/explore/nearby");
        request.header("X-Forwarded-For", network).json(question).send().await.unwrap()
    };
    let hold = Hold::on(&app, "commons.published").await;
    let meanwhile = async {
        waiting(&app, 5).await;
        wait_is_told(near(HERE, &to_line).await).await;
        wait_is_told(near(HERE, &second).await).await;
        wait_is_told(near(HERE, &rated).await).await;
        wait_is_told(get(&anyone, HERE, "/api/v1/explore/search").await).await;
        let then = async {
            waiting(&app, 7).await;
            hold.release().await;
        };
        let (quick, other, ()) = tokio::join!(near(HERE, &first), near(THERE, &to_line), then);
        assert_eq!([quick.status(), other.status()], [200, 200]);
    };
    let asked = [&to_line, &second, &rated, &second, &to_line];
    let five = join_all(asked.map(|question| near(HERE, question)));
    let (five, ()) = tokio::join!(five, meanwhile);
    assert!(five.iter().all(|answer| answer.status() == 200));
    assert_eq!(near(HERE, &to_line).await.status(), 200);
}
