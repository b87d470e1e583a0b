//! Where sealed files lie: in a folder, or on an S3 server, of which two are asked: one that checks
//! signatures (`s3s-fs`, in this process) and one that writes atomically (`moto`, see `parts/s3.py`).

use std::fs;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use opentracks::domain::{BlobId, ErasureId};
use opentracks::edge::files::Files;
use opentracks::privacy::retention;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::{blobs, refused};
use crate::harness::{TestApp, northward_gpx, scratch};
use crate::parts::Part;
use crate::photos::has_photo;
use crate::pictures::jpeg;

const KEY: &str = "key";
const SECRET: &str = "secret";

/// An S3 server with an empty bucket, `tracks`.
struct S3 {
    endpoint: String,
    /// Ends with this value.
    _moto: Option<Part>,
}

impl S3 {
    fn moto() -> Self {
        let server = Part::start("s3.py", &[]);
        Self { endpoint: format!("http://{}", server.address), _moto: Some(server) }
    }

    /// Serves until the test ends. The bucket is a folder of it.
    async fn s3s() -> Self {
        let folder = scratch();
        fs::create_dir_all(folder.join("tracks")).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let service = service.clone();
                tokio::spawn(async move {
                    let http = Builder::new(TokioExecutor::new());
                    // A client that hangs up is no fault.
                    let _ended = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { endpoint, _moto: None }
    }

    /// As an operator says how it is reached.
    fn settings<'a>(&'a self, secret: &'a str) -> [(&'a str, &'a str); 6] {
        [
            ("OPENTRACKS_BLOBS", "s3://tracks/some/where"),
            ("AWS_ENDPOINT", &self.endpoint),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ]
    }

    fn open(&self, secret: &str) -> Files {
        let [(_, url), settings @ ..] = self.settings(secret);
        Files::open(&Url::parse(url).unwrap(), settings).unwrap()
    }

    /// What lies there, by another client than ours.
    async fn keys(&self) -> Vec<String> {
        let bucket = AmazonS3Builder::new().with_bucket_name("tracks");
        let bucket = bucket.with_endpoint(&self.endpoint).with_allow_http(true);
        let bucket = bucket.with_region("us-east-1").with_access_key_id(KEY);
        let bucket = bucket.with_secret_access_key(SECRET).build().unwrap();
        let objects: Vec<_> = bucket.list(None).try_collect().await.unwrap();
        objects.into_iter().map(|object| object.location.to_string()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_s3_server_keeps_sealed_files_as_well_as_a_folder() {
    for server in [S3::moto(), S3::s3s().await] {
        let app = TestApp::start_with(&server.settings(SECRET)).await;
        let ada = app.member("Ada").await;
        let file = northward_gpx(8.5, 47.3, 100);
        let path = path_of(&ada.has_activity(&file).await);
        let original = ada.get(&format!("{path}/original")).await;
        assert_eq!(original.bytes().await.unwrap(), file);
        let [key] = server.keys().await.try_into().unwrap();
        assert!(key.starts_with("some/where/"), "{key}");
        // Nobody else may have it from there.
        let object = reqwest::get(format!("{}/tracks/{key}", server.endpoint)).await.unwrap();
        assert_eq!(object.status(), 403);
        // Nothing lies in the folder instead.
        assert_eq!(blobs(&app), 0);
        // The policy says who gets data.
        let policy = app.anyone().request(reqwest::Method::GET, "/privacy");
        let policy = policy.header("Accept", "application/json").send().await.unwrap();
        let policy: Value = policy.json().await.unwrap();
        let names = policy["processors"].as_array().unwrap().iter().map(|each| &each["name"]);
        assert_eq!(names.collect::<Vec<_>>(), ["tracks"], "{policy}");

        // Photos lie there as well: the file and three sizes.
        let photo = has_photo(&ada, &path, &jpeg(60, 40)).await;
        assert_eq!((server.keys().await.len(), blobs(&app)), (5, 0));
        let drawn = ada.get(&format!("{}/thumbnail.jpg", crate::photos::path(&photo))).await;
        assert_eq!(drawn.status(), 200);
        // What no row names is found there too, and how long it has been there.
        let (files, blob) = (&app.app.service().files, BlobId::random());
        files.put(blob, b"left over".to_vec()).await.unwrap();
        let since = files.all().await.unwrap()[&blob];
        app.advance(since + retention::BACKUP - chrono::TimeDelta::seconds(1) - app.now());
        app.run_jobs().await;
        assert_eq!(server.keys().await.len(), 6);
        app.advance(chrono::TimeDelta::days(1));
        app.run_jobs().await;
        assert_eq!(server.keys().await.len(), 5);

        let ada = app.sign_in(&ada.email, crate::harness::PASSWORD).await;
        assert_eq!(ada.delete(&path).await.status(), 204);
        app.run_jobs().await;
        assert_eq!(server.keys().await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_is_never_written_over_and_notes_are() {
    let (moto, s3s) = (S3::moto(), S3::s3s().await);
    let folder = Files::in_folder(&scratch()).unwrap();
    for files in [folder, moto.open(SECRET), s3s.open(SECRET)] {
        let blob = BlobId::random();
        assert!(files.find(blob).await.unwrap().is_none() && !files.has(blob).await.unwrap());
        assert!(files.get(blob).await.unwrap_err().is_missing());
        files.put(blob, b"first".to_vec()).await.unwrap();
        assert!(files.put(blob, b"second".to_vec()).await.is_err());
        assert_eq!(files.get(blob).await.unwrap(), "first");
        let note = ErasureId::from(Uuid::new_v4());
        for content in ["first", "second"] {
            files.put_note(note, content.as_bytes().to_vec()).await.unwrap();
            assert_eq!(files.note(note).await.unwrap(), content);
        }
        assert_eq!(files.notes().await.unwrap(), [note]);
        assert_eq!(files.all().await.unwrap().into_keys().collect::<Vec<_>>(), [blob]);
        // As often as one likes.
        for _ in 0..2 {
            files.erase(blob).await.unwrap();
            files.erase_note(note).await.unwrap();
        }
        assert!(files.all().await.unwrap().is_empty() && files.notes().await.unwrap().is_empty());
    }
}

/// Where the store itself is atomic; a bucket of `s3s-fs` looks first and writes then.
#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_put_at_once_one_is_kept() {
    let moto = S3::moto();
    for files in [Files::in_folder(&scratch()).unwrap(), moto.open(SECRET)] {
        for _ in 0..10 {
            let blob = BlobId::random();
            let put = async |content: u8| files.put(blob, vec![content; 9]).await.is_ok();
            let kept = join_all((0..8).map(put)).await;
            let [winner] =
                (0..8).filter(|index| kept[usize::from(*index)]).collect::<Vec<u8>>()[..]
            else {
                panic!("{kept:?}");
            };
            assert_eq!(files.get(blob).await.unwrap(), [winner; 9].as_slice());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_with_another_secret_reads_keeps_and_erases_nothing() {
    let server = S3::s3s().await;
    let (files, stranger) = (server.open(SECRET), server.open("guessed"));
    let (blob, other) = (BlobId::random(), BlobId::random());
    files.put(blob, b"sealed".to_vec()).await.unwrap();
    assert!(stranger.put(other, b"sealed".to_vec()).await.is_err());
    // Refused is not missing: nothing is forgotten because of it.
    assert!(!stranger.get(blob).await.unwrap_err().is_missing());
    assert!(stranger.find(blob).await.is_err() && stranger.has(blob).await.is_err());
    assert!(stranger.all().await.is_err() && stranger.notes().await.is_err());
    assert!(stranger.erase(blob).await.is_err());
    assert_eq!(files.all().await.unwrap().into_keys().collect::<Vec<_>>(), [blob]);
    assert_eq!(files.get(blob).await.unwrap(), "sealed");
}

/// While the store is away, who sends or asks for something is told to come back, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_waited_for() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 100);
    let activity = path_of(&ada.has_activity(&file).await);
    let photo = has_photo(&ada, &activity, &jpeg(60, 40)).await;
    let (folder, away) = (app.data.join("blobs"), app.data.join("away"));
    fs::rename(&folder, &away).unwrap();
    // A file stands where the folder was: nothing can be made there.
    fs::write(&folder, "").unwrap();
    let answer = crate::photos::send(&ada, &activity, &[&jpeg(61, 40)], &Value::Null).await;
    assert!(answer.headers().contains_key("retry-after"));
    refused(answer, 503).await;
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    let drawn = ada.get(&format!("{}/thumbnail.jpg", crate::photos::path(&photo))).await;
    assert_eq!(drawn.status(), 200);
    assert_eq!(crate::photos::album(&ada, &activity).await.len(), 1);
}
