//! Who may do what in a community, a private and a public one.

use std::fmt::Write;

use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::cast::{Actor, Cast};
use super::routes::{self, Class};
use crate::harness::{Caller, TestApp, connect};
use crate::heard::Heard;
use crate::pictures::jpeg;

/// Those in a community whom things are done to.
struct Others {
    joined: String,
    waiting: String,
    barred: String,
    /// A work that is nobody's.
    work: String,
}

/// `yes`: it is done, or would be of the version that is there. `-`: as for an id that never was.
#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines, reason = "the table is one")]
async fn each_does_in_a_community_what_the_policy_says() {
    let app = TestApp::start().await;
    let cast = Cast::of(&app).await;
    let callers = cast.callers(&cast.pieces[0]);
    let others = Others {
        joined: app.member("Joan").await.account_id,
        waiting: app.member("Will").await.account_id,
        barred: app.member("Bart").await.account_id,
        work: Uuid::new_v4().to_string(),
    };
    let mut tables = Vec::new();
    for visibility in ["private", "public"] {
        let community = found(&app, visibility).await;
        let mut lines = vec![format!("{visibility:<31}")];
        for (actor, _) in &callers {
            write!(lines[0], " {actor:?}").unwrap();
        }
        for (method, route) in routes::of(Class::Community) {
            for of in whom(&method, &route) {
                let name = route.trim_start_matches("/api/v1/communities/");
                let name = format!(
                    "{method} {}{of}",
                    name.replace("{member}", "").replace("{activity}", "")
                );
                let mut line = format!("{name:<31}");
                for (actor, caller) in &callers {
                    reset(&app, &community, &callers, &others).await;
                    let member = others.named(of, caller);
                    let word = word(caller, &method, &route, &community, &member).await;
                    let width = format!("{actor:?}").len();
                    write!(line, " {word:<width$}").unwrap();
                }
                lines.push(line.trim_end().to_owned());
            }
        }
        tables.push(lines.join("\n"));
    }
    insta::assert_snapshot!(tables.join("\n\n"), @r"
    private                         Anonymous LinkHolder Stranger FormerMember Banned Blocked Blocking Member Moderator Owner
    GET {id}                        -         -          yes      yes          -      yes     yes      yes    yes       yes
    PATCH {id}                      401       401        403      403          -      403     403      403    403       yes
    DELETE {id}                     401       401        403      403          -      403     403      403    403       yes
    GET {id}/members                401       401        403      403          -      yes     yes      yes    yes       yes
    PATCH {id}/members/(joined)     401       401        403      403          -      403     403      403    403       yes
    DELETE {id}/members/(joined)    401       401        403      403          -      403     403      403    yes       yes
    DELETE {id}/members/(self)      401       401        -        -            -      yes     yes      yes    yes       yes
    POST {id}/requests              401       401        yes      yes          -      yes     yes      yes    yes       yes
    GET {id}/requests               401       401        403      403          -      403     403      403    yes       yes
    PUT {id}/requests/(waiting)     401       401        403      403          -      403     403      403    yes       yes
    DELETE {id}/requests/(waiting)  401       401        403      403          -      403     403      403    yes       yes
    GET {id}/bans                   401       401        403      403          -      403     403      403    yes       yes
    GET {id}/bans/(barred)          401       401        403      403          -      403     403      403    yes       yes
    PUT {id}/bans/(joined)          401       401        403      403          -      403     403      403    yes       yes
    DELETE {id}/bans/(barred)       401       401        403      403          -      403     403      403    yes       yes
    GET {id}/activities             401       401        403      403          -      yes     yes      yes    yes       yes
    DELETE {id}/activities/(work)   401       401        403      403          -      403     403      403    yes       yes
    GET {id}/picture                -         -          yes      yes          -      yes     yes      yes    yes       yes
    PUT {id}/picture                401       401        403      403          -      403     403      403    403       yes
    DELETE {id}/picture             401       401        403      403          -      403     403      403    403       yes

    public                          Anonymous LinkHolder Stranger FormerMember Banned Blocked Blocking Member Moderator Owner
    GET {id}                        yes       yes        yes      yes          -      yes     yes      yes    yes       yes
    PATCH {id}                      401       401        403      403          -      403     403      403    403       yes
    DELETE {id}                     401       401        403      403          -      403     403      403    403       yes
    GET {id}/members                401       401        403      403          -      yes     yes      yes    yes       yes
    PATCH {id}/members/(joined)     401       401        403      403          -      403     403      403    403       yes
    DELETE {id}/members/(joined)    401       401        403      403          -      403     403      403    yes       yes
    DELETE {id}/members/(self)      401       401        -        -            -      yes     yes      yes    yes       yes
    POST {id}/requests              401       401        yes      yes          -      yes     yes      yes    yes       yes
    GET {id}/requests               401       401        403      403          -      403     403      403    yes       yes
    PUT {id}/requests/(waiting)     401       401        403      403          -      403     403      403    yes       yes
    DELETE {id}/requests/(waiting)  401       401        403      403          -      403     403      403    yes       yes
    GET {id}/bans                   401       401        403      403          -      403     403      403    yes       yes
    GET {id}/bans/(barred)          401       401        403      403          -      403     403      403    yes       yes
    PUT {id}/bans/(joined)          401       401        403      403          -      403     403      403    yes       yes
    DELETE {id}/bans/(barred)       401       401        403      403          -      403     403      403    yes       yes
    GET {id}/activities             401       401        403      403          -      yes     yes      yes    yes       yes
    DELETE {id}/activities/(work)   401       401        403      403          -      403     403      403    yes       yes
    GET {id}/picture                yes       yes        yes      yes          -      yes     yes      yes    yes       yes
    PUT {id}/picture                401       401        403      403          -      403     403      403    403       yes
    DELETE {id}/picture             401       401        403      403          -      403     403      403    403       yes
    ");
}

/// A community that nobody is in.
async fn found(app: &TestApp, visibility: &str) -> String {
    let community = Uuid::new_v4().to_string();
    let found = format!(
        "INSERT INTO commons.communities (community_id, name, visibility, created_at)
         VALUES ('{community}', 'Brook', '{visibility}', now())"
    );
    connect(app, "opentracks").await.batch_execute(&found).await.unwrap();
    community
}

/// To whom something is done at a route.
fn whom(method: &Method, route: &str) -> &'static [&'static str] {
    match (method.as_str(), route) {
        _ if route.ends_with("{activity}") => &["(work)"],
        _ if !route.ends_with("{member}") => &[""],
        ("DELETE", route) if route.contains("/members/") => &["(joined)", "(self)"],
        (_, route) if route.contains("/members/") => &["(joined)"],
        (_, route) if route.contains("/requests/") => &["(waiting)"],
        ("PUT", _) => &["(joined)"],
        _ => &["(barred)"],
    }
}

impl Others {
    fn named(&self, of: &str, caller: &Caller<'_>) -> String {
        match of {
            "(self)" if caller.token.is_some() => caller.account_id.clone(),
            "(waiting)" => self.waiting.clone(),
            "(barred)" => self.barred.clone(),
            "(work)" => self.work.clone(),
            _ => self.joined.clone(),
        }
    }
}

async fn word(
    caller: &Caller<'_>,
    method: &Method,
    route: &str,
    community: &str,
    member: &str,
) -> String {
    let ask = async |id: &str| {
        let path =
            route.replace("{id}", id).replace("{member}", member).replace("{activity}", member);
        let request = caller.request(method.clone(), &path).header("If-Match", "\"0\"");
        let body = if route.ends_with("{member}") {
            json!({ "role": "member" })
        } else {
            json!({ "name": "Mine" })
        };
        let request = match method.as_str() {
            "PATCH" => request.json(&body),
            "PUT" if route.ends_with("/picture") => {
                request.header("Content-Type", "image/jpeg").body(jpeg(8, 8))
            }
            _ => request,
        };
        Heard::of(request).await
    };
    let heard = ask(community).await;
    match heard.status {
        200 | 202 | 204 | 412 => "yes".to_owned(),
        404 if heard == ask(&Uuid::new_v4().to_string()).await => "-".to_owned(),
        404 => "404!".to_owned(),
        status => status.to_string(),
    }
}

/// Everybody is what they are again.
async fn reset(app: &TestApp, community: &str, callers: &[(Actor, &Caller<'_>)], others: &Others) {
    let mut sql = ["memberships", "membership_requests", "bans"]
        .map(|table| format!("DELETE FROM commons.{table} WHERE community_id = '{community}';"))
        .concat();
    write!(
        sql,
        "INSERT INTO commons.community_pictures VALUES ('{community}', 'picture')
         ON CONFLICT DO NOTHING;"
    )
    .unwrap();
    let mut put = |table: &str, member: &str, role: &str| {
        let row = format!("('{community}', '{member}', {role} now())");
        write!(sql, "INSERT INTO commons.{table} VALUES {row};").unwrap();
    };
    for (actor, caller) in callers {
        match actor {
            Actor::Blocked | Actor::Blocking | Actor::Member => {
                put("memberships", &caller.account_id, "'member',");
            }
            Actor::Moderator => put("memberships", &caller.account_id, "'moderator',"),
            Actor::Owner => put("memberships", &caller.account_id, "'administrator',"),
            Actor::Banned => put("bans", &caller.account_id, ""),
            Actor::Anonymous | Actor::LinkHolder | Actor::Stranger | Actor::FormerMember => {}
        }
    }
    put("memberships", &others.joined, "'member',");
    put("membership_requests", &others.waiting, "");
    put("bans", &others.barred, "");
    let work = &others.work;
    write!(
        sql,
        "INSERT INTO commons.community_activities (community_id, activity_id)
         VALUES ('{community}', '{work}') ON CONFLICT DO NOTHING;"
    )
    .unwrap();
    connect(app, "opentracks").await.batch_execute(&sql).await.unwrap();
}
