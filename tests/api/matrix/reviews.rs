//! Who reads and writes what members say of an activity, at each level. Somebody has said something of all.

use std::fmt::Write;

use diesel_async::SimpleAsyncConnection;
use uuid::Uuid;

use super::cast::{Actor, Cast, unused};
use super::routes::{Class, call, of};
use super::{Matrix, State};
use crate::harness::{TestApp, connect};
use crate::heard::Heard;

/// What becomes of an answer in a word: `-` is the answer for what never was, to the byte.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_an_activity_is_read_where_it_is_published_and_nowhere_else() {
    let app = TestApp::start().await;
    let cast = Cast::of(&app).await;
    let reviews = reviewed(&app, &cast).await;
    let mut tables = Vec::new();
    for (method, route) in of(Class::Reviews) {
        let mut matrix = Matrix::default();
        for (piece, review) in cast.pieces.iter().zip(&reviews) {
            for (actor, caller) in cast.callers(piece) {
                let is_owner = actor == Actor::Owner;
                let path = piece.path(&route).replace("{review}", review);
                let nowhere = unused(&route).replace("{review}", review);
                let heard = Heard::of(call(caller, is_owner, &method, &route, &path)).await;
                let absent = Heard::of(call(caller, is_owner, &method, &route, &nowhere)).await;
                let word = match heard.status {
                    404 if heard == absent => "-".to_owned(),
                    200 if heard.text().contains("Well signed") => "read".to_owned(),
                    status => status.to_string(),
                };
                matrix.put(Class::Reviews, actor, piece.state, &word);
            }
        }
        tables.push(format!("{method} {route}\n{}", matrix.table(Class::Reviews)));
    }
    insta::assert_snapshot!(tables.join("\n\n"), @r"
    GET /api/v1/activities/{id}/reviews
                 Private Link Community Both Published All  Over Rezoned Withdrawn Deleted Restricted
    Anonymous    -       -    -         -    read      read -    -       -         -       -
    LinkHolder   -       -    -         -    read      read -    -       -         -       -
    Stranger     -       -    -         -    read      read -    -       -         -       -
    FormerMember -       -    -         -    read      read -    -       -         -       -
    Banned       -       -    -         -    read      read -    -       -         -       -
    Blocked      -       -    -         -    -         -    -    -       -         -       -
    Blocking     -       -    -         -    -         -    -    -       -         -       -
    Member       -       -    -         -    read      read -    -       -         -       -
    Moderator    -       -    -         -    read      read -    -       -         -       -
    Owner        -       -    -         -    read      read -    -       -         -       -

    POST /api/v1/activities/{id}/reviews
                 Private Link Community Both Published All Over Rezoned Withdrawn Deleted Restricted
    Anonymous    401     401  401       401  401       401 401  401     401       401     401
    LinkHolder   401     401  401       401  401       401 401  401     401       401     401
    Stranger     -       -    -         -    201       201 -    -       -         -       -
    FormerMember -       -    -         -    201       201 -    -       -         -       -
    Banned       -       -    -         -    201       201 -    -       -         -       -
    Blocked      -       -    -         -    -         -   -    -       -         -       -
    Blocking     -       -    -         -    -         -   -    -       -         -       -
    Member       -       -    -         -    201       201 -    -       -         -       -
    Moderator    -       -    -         -    201       201 -    -       -         -       -
    Owner        -       -    -         -    422       422 -    -       -         -       -

    DELETE /api/v1/activities/{id}/reviews/{review}
                 Private Link Community Both Published All Over Rezoned Withdrawn Deleted Restricted
    Anonymous    401     401  401       401  401       401 401  401     401       401     401
    LinkHolder   401     401  401       401  401       401 401  401     401       401     401
    Stranger     -       -    -         -    -         -   -    -       -         -       -
    FormerMember -       -    -         -    -         -   -    -       -         -       -
    Banned       -       -    -         -    -         -   -    -       -         -       -
    Blocked      -       -    -         -    -         -   -    -       -         -       -
    Blocking     -       -    -         -    -         -   -    -       -         -       -
    Member       -       -    -         -    -         -   -    -       -         -       -
    Moderator    -       -    -         -    -         -   -    -       -         -       -
    Owner        -       -    -         -    204       204 -    -       -         -       -
    ");
    assert_eq!(cast.pieces.len(), State::ALL.len());
}

/// Somebody's review of each piece, by its id, whether or not it could have been written.
async fn reviewed(app: &TestApp, cast: &Cast<'_>) -> Vec<String> {
    let dee = app.member("Dee").await;
    let reviews: Vec<String> = cast.pieces.iter().map(|_| Uuid::new_v4().to_string()).collect();
    let mut sql = String::new();
    for (piece, review) in cast.pieces.iter().zip(&reviews) {
        write!(
            sql,
            "INSERT INTO commons.reviews (review_id, activity_id, reviewer_id, rating, text, written_on)
             VALUES ('{review}', '{}', '{}', 4, 'Well signed', '2026-06-01');",
            piece.id, dee.account_id
        )
        .unwrap();
    }
    connect(app, "opentracks").await.batch_execute(&sql).await.unwrap();
    reviews
}
