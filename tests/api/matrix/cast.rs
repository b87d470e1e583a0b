//! Who asks, and what for: an activity at each level, with one community that it may be shared with.

use std::fmt::Write;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Caller, TestApp, connect};
use crate::sharing::{CHILDREN, straight_walk};

/// How somebody stands to an activity and to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// Not signed in.
    Anonymous,
    /// Not signed in, and says by which link they came.
    LinkHolder,
    /// A member, and no more.
    Stranger,
    /// Was in the community.
    FormerMember,
    /// Was thrown out of the community.
    Banned,
    /// In the community, and the owner keeps away from them.
    Blocked,
    /// In the community, and keeps away from the owner.
    Blocking,
    /// In the community.
    Member,
    /// Keeps order in the community.
    Moderator,
    /// Whose it is.
    Owner,
}

/// What became of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It was never shared.
    Private,
    /// There is a link to it.
    Link,
    /// It is shared with the community; a link was taken back.
    Community,
    /// It is shared with the community, and there is a link.
    Both,
    /// It is published; a link was taken back.
    Published,
    /// It is published, linked and shared.
    All,
    /// It was published for a time that is over, and nothing has swept it up; it is linked and shared.
    Over,
    /// It is published, linked and shared, and a zone was made since.
    Rezoned,
    /// It was published, linked and shared, and all of that was taken back.
    Withdrawn,
    /// It was published, linked and shared, and is deleted.
    Deleted,
    /// It is published, linked and shared, and its owner lets nothing be done with what is theirs.
    Restricted,
}

impl Actor {
    pub const ALL: [Self; 10] = [
        Self::Anonymous,
        Self::LinkHolder,
        Self::Stranger,
        Self::FormerMember,
        Self::Banned,
        Self::Blocked,
        Self::Blocking,
        Self::Member,
        Self::Moderator,
        Self::Owner,
    ];
}

impl State {
    pub const ALL: [Self; 11] = [
        Self::Private,
        Self::Link,
        Self::Community,
        Self::Both,
        Self::Published,
        Self::All,
        Self::Over,
        Self::Rezoned,
        Self::Withdrawn,
        Self::Deleted,
        Self::Restricted,
    ];
}

/// Everybody, the community and the activities.
pub struct Cast<'a> {
    others: Vec<(Actor, Caller<'a>)>,
    pub pieces: Vec<Piece<'a>>,
}

/// An activity with what leads to it.
pub struct Piece<'a> {
    pub state: State,
    pub owner: Caller<'a>,
    pub id: String,
    /// Good, taken back, or never given, as the state has it.
    pub token: String,
    pub link: String,
    pub community: String,
    /// A photo of it.
    pub photo: String,
    /// For each child, every tag that somebody could have: the owner's, and those of the renditions.
    pub tags: Vec<(&'static str, String)>,
    /// For each child, what others get if they get something.
    pub previews: Vec<(&'static str, Vec<u8>)>,
}

impl<'a> Cast<'a> {
    pub async fn of(app: &'a TestApp) -> Self {
        // What the last zone hides is all of its owner's, and so does a restriction: each has an owner apart.
        let (ada, zoe) = (app.member("Ada").await, app.member("Zoe").await);
        let rex = app.member("Rex").await;
        let mut others = vec![(Actor::Anonymous, app.anyone()), (Actor::LinkHolder, app.anyone())];
        for actor in Actor::ALL {
            if !matches!(actor, Actor::Anonymous | Actor::LinkHolder | Actor::Owner) {
                others.push((actor, app.member(&format!("{actor:?}")).await));
            }
        }
        let community = Uuid::new_v4().to_string();
        found(app, &community, &[&ada, &zoe, &rex], &others).await;
        let far = json!({ "label": "Office", "position": [10.0, 50.0], "radius_m": 300 });
        assert_eq!(ada.post("/api/v1/me/zones", &far).await.status(), 201);
        app.run_jobs().await;
        for owner in [&ada, &zoe] {
            owner.agree("open_data", true).await;
        }
        let mut pieces = Vec::new();
        for state in State::ALL {
            let apart = [(State::Rezoned, &zoe), (State::Restricted, &rex)];
            let owner = apart.iter().find(|(apart, _)| *apart == state);
            let owner = owner.map_or(&ada, |(_, owner)| owner);
            pieces.push(Piece::arrange(app, owner, &community, state).await);
        }
        app.advance(TimeDelta::seconds(30));
        let home = json!({ "label": "Home", "position": [8.5, 47.313], "radius_m": 200 });
        assert_eq!(zoe.post("/api/v1/me/zones", &home).await.status(), 201);
        let restricted = rex.request(Method::PUT, "/api/v1/me/restriction").send().await.unwrap();
        assert!(restricted.status().is_success());
        Self { others, pieces }
    }

    /// Who asks for a piece.
    pub fn callers<'p>(&'p self, piece: &'p Piece<'a>) -> Vec<(Actor, &'p Caller<'a>)> {
        let others = self.others.iter().map(|(actor, caller)| (*actor, caller));
        others.chain([(Actor::Owner, &piece.owner)]).collect()
    }
}

/// The community with its members, as the database has them.
async fn found(
    app: &TestApp,
    community: &str,
    owners: &[&Caller<'_>],
    others: &[(Actor, Caller<'_>)],
) {
    let mut sql = format!(
        "INSERT INTO commons.communities (community_id, name, visibility, created_at) VALUES ('{community}', 'Brook', 'private', now());"
    );
    let mut join = |member: &str, role: &str| {
        let row = format!("('{community}', '{member}', '{role}', now())");
        write!(sql, "INSERT INTO commons.memberships VALUES {row};").unwrap();
    };
    for owner in owners {
        join(&owner.account_id, "administrator");
    }
    for (actor, caller) in others {
        match actor {
            Actor::Blocked
            | Actor::Blocking
            | Actor::Member
            | Actor::FormerMember
            | Actor::Banned => {
                join(&caller.account_id, "member");
            }
            Actor::Moderator => join(&caller.account_id, "moderator"),
            Actor::Anonymous | Actor::LinkHolder | Actor::Stranger | Actor::Owner => {}
        }
    }
    let leave =
        |member: &str| format!("DELETE FROM commons.memberships WHERE member_id = '{member}';");
    for (actor, caller) in others {
        let them = &caller.account_id;
        match actor {
            Actor::FormerMember => sql += &leave(them),
            Actor::Banned => {
                sql += &leave(them);
                write!(sql, "INSERT INTO commons.bans VALUES ('{community}', '{them}', now());")
                    .unwrap();
            }
            Actor::Blocked | Actor::Blocking => {
                for owner in owners {
                    let (one, other) = match actor {
                        Actor::Blocked => (&owner.account_id, them),
                        _ => (them, &owner.account_id),
                    };
                    write!(sql, "INSERT INTO vault.blocks VALUES ('{one}', '{other}', now());")
                        .unwrap();
                }
            }
            Actor::Anonymous
            | Actor::LinkHolder
            | Actor::Stranger
            | Actor::Member
            | Actor::Moderator
            | Actor::Owner => {}
        }
    }
    connect(app, "opentracks").await.batch_execute(&sql).await.unwrap();
}

impl<'a> Piece<'a> {
    async fn arrange(app: &TestApp, owner: &Caller<'a>, community: &str, state: State) -> Self {
        let metadata = json!({ "title": "Up the brook", "description": "A path." });
        let own: Value = owner.upload(&straight_walk(), &metadata).await.json().await.unwrap();
        let mut piece = Self {
            state,
            owner: owner.clone(),
            id: own["id"].as_str().unwrap().to_owned(),
            token: "A".repeat(32),
            link: Uuid::new_v4().to_string(),
            community: community.to_owned(),
            photo: String::new(),
            tags: Vec::new(),
            previews: Vec::new(),
        };
        let file = crate::pictures::jpeg(60, 40);
        let path = format!("/api/v1/activities/{}", piece.id);
        let photo = crate::photos::has_photo(owner, &path, &file).await;
        photo["id"].as_str().unwrap().clone_into(&mut piece.photo);
        let is_published = matches!(
            state,
            State::Published
                | State::All
                | State::Over
                | State::Rezoned
                | State::Withdrawn
                | State::Deleted
                | State::Restricted
        );
        let is_shared = is_published && state != State::Published
            || matches!(state, State::Community | State::Both);
        if state != State::Private {
            piece.link(matches!(state, State::Community | State::Published)).await;
        }
        if is_shared {
            piece.does(Method::PUT, &format!("/communities/{community}"), &json!(null)).await;
        }
        if is_published {
            // What is over is seen as it was before.
            if state == State::Over {
                piece.look().await;
            }
            let until = (state == State::Over).then(|| app.now() + TimeDelta::seconds(30));
            piece.does(Method::POST, "/publish", &json!({ "until": until })).await;
        }
        if state != State::Over {
            piece.look().await;
        }
        // What is taken back now was in an issue.
        app.issue_open_data().await;
        match state {
            State::Withdrawn => {
                let link = format!("/links/{}", piece.link);
                piece.does(Method::DELETE, &link, &json!(null)).await;
                piece
                    .does(Method::DELETE, &format!("/communities/{community}"), &json!(null))
                    .await;
                piece.does(Method::POST, "/unpublish", &json!(null)).await;
            }
            State::Deleted => piece.does(Method::DELETE, "", &json!(null)).await,
            State::Private
            | State::Link
            | State::Community
            | State::Both
            | State::Published
            | State::All
            | State::Over
            | State::Rezoned
            | State::Restricted => {}
        }
        piece
    }

    /// A link to it, perhaps taken back at once.
    async fn link(&mut self, is_taken_back: bool) {
        let path = format!("/api/v1/activities/{}/links", self.id);
        let made: Value =
            self.owner.post(&path, &json!({ "label": "For Grandma" })).await.json().await.unwrap();
        made["token"].as_str().unwrap().clone_into(&mut self.token);
        made["id"].as_str().unwrap().clone_into(&mut self.link);
        if is_taken_back {
            assert_eq!(self.owner.delete(&format!("{path}/{}", self.link)).await.status(), 204);
        }
    }

    async fn does(&self, method: Method, child: &str, body: &Value) {
        let request = self.owner.request(method, &format!("/api/v1/activities/{}{child}", self.id));
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{:?} {child}: {}", self.state, answer.status());
    }

    /// What its owner sees of it through everybody's eyes.
    async fn look(&mut self) {
        for child in CHILDREN.into_iter().chain(["/photos"]) {
            let audiences =
                ["", "?as=public", "?as=link", &format!("?as=community:{}", self.community)];
            for audience in audiences {
                let path = format!("/api/v1/activities/{}{child}{audience}", self.id);
                let answer = self.owner.get(&path).await;
                assert_eq!(answer.status(), 200, "{path}");
                self.tags.push((child, answer.headers()["etag"].to_str().unwrap().to_owned()));
                let content = answer.bytes().await.unwrap().to_vec();
                if !audience.is_empty() && child == "/photos" {
                    // The only photo, as it stands in the list.
                    let one = content.strip_prefix(b"{\"items\":[".as_slice()).unwrap();
                    let one = one.strip_suffix(b"],\"next_cursor\":null}".as_slice()).unwrap();
                    self.previews.push(("", one.to_vec()));
                }
                if !audience.is_empty() {
                    self.previews.push((child, content));
                }
            }
        }
        let pixels = self.owner.get(&format!("/api/v1/photos/{}/medium.jpg", self.photo)).await;
        assert_eq!(pixels.status(), 200);
        self.previews.push(("/medium.jpg", pixels.bytes().await.unwrap().to_vec()));
    }

    /// A route of this piece, or of what never was.
    pub fn path(&self, route: &str) -> String {
        let is_of_photo = route.starts_with("/api/v1/photos/");
        let named = [
            ("{id}", if is_of_photo { &self.photo } else { &self.id }),
            ("{photo}", &self.photo),
            ("{token}", &self.token),
            ("{link}", &self.link),
            ("{community}", &self.community),
        ];
        named.iter().fold(route.to_owned(), |path, (name, value)| path.replace(name, value))
    }
}

/// The same route of what never was.
pub fn unused(route: &str) -> String {
    let id = Uuid::new_v4().to_string();
    let token = "B".repeat(32);
    let named = [
        ("{id}", &id),
        ("{photo}", &id),
        ("{token}", &token),
        ("{link}", &id),
        ("{community}", &id),
    ];
    named.iter().fold(route.to_owned(), |path, (name, value)| path.replace(name, value))
}
