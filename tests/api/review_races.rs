//! Reviews that meet what becomes of the activity, or of who wrote them: the rating is that of those that stand.

use futures_util::join;
use serde_json::json;

use crate::communities::put;
use crate::harness::{Hold, TestApp, waiting};
use crate::reviews::{block, rating, says, walk};

/// What takes a review away waits for a publication that has counted it, and is not seen yet.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_while_a_review_goes_does_not_count_it() {
    let mut stale = Vec::new();
    for act in ["delete", "block", "be blocked", "restrict", "leave"] {
        let app = TestApp::start().await;
        let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
        let path = walk(&ada, 300).await;
        let review = format!("{path}/reviews/{}", says(&eve, &path, 4, "Quiet").await);
        assert_eq!(ada.post(&format!("{path}/unpublish"), &json!({})).await.status(), 200);
        let hold = Hold::on(&app, "commons.published").await;
        let (publish, nothing) = (format!("{path}/publish"), json!({}));
        let (published, gone, ()) = join!(
            ada.post(&publish, &nothing),
            async {
                waiting(&app, 1).await;
                match act {
                    "delete" => eve.delete(&review).await,
                    "block" => put(&eve, &block(&ada)).await,
                    "be blocked" => put(&ada, &block(&eve)).await,
                    "restrict" => put(&eve, "/api/v1/me/restriction").await,
                    _ => eve.leave(&nothing).await,
                }
            },
            async {
                waiting(&app, 2).await;
                hold.release().await;
            }
        );
        assert_eq!(published.status(), 200, "{act}");
        assert!(gone.status().is_success(), "{act}: {}", gone.status());
        if !rating(&app.anyone(), &path).await.is_null() {
            stale.push(act);
        }
    }
    assert_eq!(stale, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_while_a_restriction_is_lifted_counts_what_was_said() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = walk(&ada, 300).await;
    says(&eve, &path, 4, "Quiet").await;
    assert_eq!(put(&eve, "/api/v1/me/restriction").await.status(), 200);
    assert_eq!(ada.post(&format!("{path}/unpublish"), &json!({})).await.status(), 200);
    let hold = Hold::on(&app, "commons.published").await;
    let (publish, nothing) = (format!("{path}/publish"), json!({}));
    let (published, lifted, ()) = join!(
        ada.post(&publish, &nothing),
        async {
            waiting(&app, 1).await;
            eve.delete("/api/v1/me/restriction").await
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((published.status().as_u16(), lifted.status().as_u16()), (200, 204));
    assert_eq!(rating(&app.anyone(), &path).await, 4.0);
}

/// Each holds what it shares and what it said, in one order.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_said_something_of_each_others_leave_at_once() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let (of_ada, of_eve) = (walk(&ada, 300).await, walk(&eve, 301).await);
    says(&ada, &of_eve, 4, "Quiet").await;
    says(&eve, &of_ada, 2, "Loud").await;
    let (hold, nothing) = (Hold::on(&app, "commons.published").await, json!({}));
    let (one, other, ()) = join!(ada.leave(&nothing), eve.leave(&nothing), async {
        waiting(&app, 2).await;
        hold.release().await;
    });
    assert_eq!((one.status().as_u16(), other.status().as_u16()), (202, 202));
    app.finish_leaving().await;
}
