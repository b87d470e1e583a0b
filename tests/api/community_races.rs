//! What of a community is done at the same moment, and ends as if it had been done one after the other.

use futures_util::join;

use crate::activities::path_of;
use crate::communities::{ban, community, entry, joins, json_of, put, share, shares};
use crate::harness::{Hold, TestApp, northward_gpx, waiting};

/// A share that is under way when its owner leaves, or is banned, or the community ends, leaves
/// nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_of_a_membership_takes_what_is_shared_at_the_same_time() {
    for ending in ["leave", "ban", "deletion"] {
        let app = TestApp::start().await;
        let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
        let path = community(&ada, "Race", "public").await;
        joins(&eve, &path, &ada, "member").await;
        shares(&eve, &path).await;
        let activity = path_of(&eve.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
        // The share is written by then, and not committed.
        let hold = Hold::on(&app, "commons.renditions").await;
        let (shared, ended, ()) = join!(
            share(&eve, &activity, &path),
            async {
                waiting(&app, 1).await;
                match ending {
                    "leave" => eve.delete(&entry(&path, &eve)).await,
                    "ban" => put(&ada, &ban(&path, &eve)).await,
                    _ => ada.delete(&path).await,
                }
            },
            async {
                waiting(&app, 2).await;
                hold.release().await;
            }
        );
        assert_eq!((shared.status().as_u16(), ended.status().as_u16()), (200, 204), "{ending}");
        assert_eq!(ada.get(&activity).await.status(), 404, "{ending}");
        assert_eq!(json_of(&eve, &activity).await["visibility"], "private", "{ending}");
    }
}

/// The other way about: what is shared after the membership has begun to end finds none.
#[tokio::test(flavor = "multi_thread")]
async fn a_share_waits_for_the_end_of_a_membership_and_finds_none() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = community(&ada, "Race", "public").await;
    joins(&eve, &path, &ada, "member").await;
    shares(&eve, &path).await;
    let activity = path_of(&eve.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    // The membership is locked by then, and what was shared is being withdrawn.
    let hold = Hold::on(&app, "commons.published").await;
    let (left, shared, ()) = join!(
        async { eve.delete(&entry(&path, &eve)).await },
        async {
            waiting(&app, 1).await;
            share(&eve, &activity, &path).await
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((left.status().as_u16(), shared.status().as_u16()), (204, 404));
    assert_eq!(json_of(&eve, &activity).await["visibility"], "private");
}

/// Whoever comes second finds what the first has left.
#[tokio::test(flavor = "multi_thread")]
async fn leaving_and_ending_at_once_do_not_wait_for_each_other_for_ever() {
    for leaves_first in [true, false] {
        let app = TestApp::start().await;
        let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
        let path = community(&ada, "Race", "public").await;
        joins(&eve, &path, &ada, "member").await;
        let (own, other) = (shares(&eve, &path).await, shares(&ada, &path).await);
        let hold = Hold::on(&app, "commons.community_activities").await;
        let leave = async || eve.delete(&entry(&path, &eve)).await.status().as_u16();
        let end = async || ada.delete(&path).await.status().as_u16();
        let (first, second, ()) = join!(
            async { if leaves_first { leave().await } else { end().await } },
            async {
                waiting(&app, 1).await;
                if leaves_first { end().await } else { leave().await }
            },
            async {
                waiting(&app, 2).await;
                hold.release().await;
            }
        );
        assert_eq!((first, second), (204, if leaves_first { 204 } else { 404 }));
        for (owner, activity) in [(&eve, &own), (&ada, &other)] {
            assert_eq!(json_of(owner, activity).await["visibility"], "private");
        }
    }
}

/// Of two administrators who leave at the same time, the second sees that they are the last.
#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_who_leave_at_once_leave_an_heir() {
    let app = TestApp::start().await;
    let (ada, bea, eve) =
        (app.member("Ada").await, app.member("Bea").await, app.member("Eve").await);
    let path = community(&ada, "Race", "public").await;
    joins(&bea, &path, &ada, "administrator").await;
    joins(&eve, &path, &ada, "member").await;
    let hold = Hold::on(&app, "commons.community_activities").await;
    let (one, other, ()) = join!(
        async { ada.delete(&entry(&path, &ada)).await },
        async { bea.delete(&entry(&path, &bea)).await },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((one.status().as_u16(), other.status().as_u16()), (204, 204));
    assert_eq!(json_of(&eve, &path).await["role"], "administrator");
}

/// A moderator who is being banned does not ban in the same moment: who is first is judged first.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_judged_stays_true_until_it_is_done() {
    let app = TestApp::start().await;
    let (ada, mia, eve) =
        (app.member("Ada").await, app.member("Mia").await, app.member("Eve").await);
    let path = community(&ada, "Race", "public").await;
    joins(&mia, &path, &ada, "moderator").await;
    joins(&eve, &path, &ada, "member").await;
    let hold = Hold::on(&app, "commons.community_activities").await;
    let (first, second, ()) = join!(
        async { put(&ada, &ban(&path, &mia)).await },
        async {
            waiting(&app, 1).await;
            put(&mia, &ban(&path, &eve)).await
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (204, 404));
    assert_eq!(json_of(&eve, &path).await["role"], "member");
}
