//! Share links: made, sent, opened, taken back.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Error, Service};
use crate::access::Owned;
use crate::db::commons::Lock;
use crate::db::identity::Account;
use crate::db::ops::Rate;
use crate::db::vault::{Activity, Link, NewLink, NewWay};
use crate::domain::{Email, Invalid, Letter, LinkId, LinkLabel, Password, Subject};
use crate::seal::{LinkPass, LinkToken};

/// Links made by one account.
const LINKS: Rate = Rate { burst: 60, every: TimeDelta::seconds(10) };
/// Mails with links sent for one account: enough for a family, too few for a campaign.
const MAILS: Rate = Rate { burst: 30, every: TimeDelta::minutes(2) };
/// The most addresses that a link is sent to at once.
pub const ADDRESSES_MAX: usize = 10;
/// Passwords tried for one link.
const TRIES_FOR_LINK: Rate = Rate { burst: 20, every: TimeDelta::seconds(30) };
/// Passwords of links tried from one network.
const TRIES_FROM_NETWORK: Rate = Rate { burst: 30, every: TimeDelta::seconds(10) };

/// What a link shall be.
pub struct Wish {
    /// What its owner calls it.
    pub label: Option<LinkLabel>,
    /// When it opens nothing any more.
    pub expires_at: Option<DateTime<Utc>>,
    /// What it asks for.
    pub password: Option<Password>,
    /// Whom it is sent to. Kept until it is sent, and no longer.
    pub email_to: Vec<Email>,
}

/// A link with its token, which is told once.
pub struct Made {
    /// The link.
    pub link: Link,
    /// What opens it.
    pub token: LinkToken,
    /// The address that a person opens.
    pub url: String,
}

impl Service {
    /// Makes a link to an activity, and sends it. `call` is the key of a call that may be repeated.
    pub async fn make_link(
        &self,
        activity: &Owned<Activity>,
        wish: &Wish,
        call: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Made, Error> {
        check(wish, now)?;
        let account = Uuid::from(activity.owner);
        self.allow("links", account.as_bytes(), LINKS, now).await?;
        for _ in &wish.email_to {
            self.allow("mail links", account.as_bytes(), MAILS, now).await?;
        }
        let password_hash = match &wish.password {
            Some(password) => Some(self.passwords.hash(password.clone()).await?),
            None => None,
        };
        let Account { profile, .. } =
            self.db.account(activity.owner).await?.ok_or(Error::Missing)?;
        let (id, token) = self.new_link(activity, call);
        let url = self.url_of(&token);
        let letter = |email: &Email| Letter {
            to: email.as_str().to_owned(),
            locale: profile.locale,
            subject: Subject::Shared {
                public_name: profile.public_name.as_str().to_owned(),
                url: url.clone(),
            },
        };
        let new = NewLink {
            id,
            label: wish.label.clone(),
            token_hash: token.hash(),
            password_hash,
            expires_at: wish.expires_at,
            letters: wish.email_to.iter().map(letter).collect(),
        };
        let activity = self.widen(activity, NewWay::Link(new), now).await?;
        self.made(&activity, id, token).await
    }

    /// What the call of this key has made, if that still leads to the activity. A link that should be another one
    /// is refused: whoever repeats a call with a password must not be given one without, or with another.
    pub async fn made_link(
        &self,
        activity: &Owned<Activity>,
        wish: &Wish,
        call: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Made>, Error> {
        let (id, token) = self.new_link(activity, Some(call));
        let Some(hash) = self.db.lock_of(activity, &token).await? else { return Ok(None) };
        let has_same_lock = match (&wish.password, &hash) {
            (None, None) => true,
            (Some(password), Some(hash)) => {
                // To look at it costs as much as to make it.
                self.allow("links", Uuid::from(activity.owner).as_bytes(), LINKS, now).await?;
                self.passwords.verify(password.clone(), Some(hash)).await?
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        let made = self.made(activity, id, token).await?;
        let stored = |time: Option<DateTime<Utc>>| time.map(|time| time.timestamp_micros());
        let is_same = has_same_lock
            && made.link.label == wish.label
            && stored(made.link.expires_at) == stored(wish.expires_at);
        is_same.then_some(Some(made)).ok_or(Error::Taken)
    }

    /// A fresh link; the same one each time for a call that is repeated under a key.
    pub(super) fn new_link(
        &self,
        activity: &Owned<Activity>,
        call: Option<&str>,
    ) -> (LinkId, LinkToken) {
        let Some(call) = call else { return (LinkId::random(), LinkToken::random()) };
        let (account, activity) = (Uuid::from(activity.owner), Uuid::from(activity.id));
        let mac = |what: &[u8]| {
            let parts = [what, account.as_bytes(), activity.as_bytes(), call.as_bytes()];
            self.db.keyring().idempotency.mac(&parts)
        };
        let (mut id, mut token) = ([0; 16], [0; 24]);
        id.copy_from_slice(&mac(b"link")[..16]);
        token.copy_from_slice(&mac(b"link token")[..24]);
        let id = uuid::Builder::from_random_bytes(id).into_uuid();
        (id.into(), LinkToken::from_random_bits(token))
    }

    fn url_of(&self, token: &LinkToken) -> String {
        format!("{}/s/{}", self.public_url, token.to_text())
    }

    /// Gives a link another token. The one before opens nothing from the answer on.
    pub async fn rotate_link(
        &self,
        activity: &Owned<Activity>,
        id: LinkId,
        now: DateTime<Utc>,
    ) -> Result<Made, Error> {
        let token = LinkToken::random();
        if !self.db.rotate_link(activity, id, &token, now).await? {
            return Err(Error::Missing);
        }
        self.made(activity, id, token).await
    }

    async fn made(
        &self,
        activity: &Owned<Activity>,
        id: LinkId,
        token: LinkToken,
    ) -> Result<Made, Error> {
        let links = self.db.links(activity).await?;
        let link = links.into_iter().find(|link| link.id == id).ok_or(Error::Missing)?;
        Ok(Made { link, url: self.url_of(&token), token })
    }

    /// A pass for who knows the password of a link.
    pub async fn unlock(
        &self,
        lock: &Lock,
        password: Password,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<LinkPass, Error> {
        let link = Uuid::from(lock.link);
        self.allow("unlock from", from.to_string().as_bytes(), TRIES_FROM_NETWORK, now).await?;
        self.allow("unlock", link.as_bytes(), TRIES_FOR_LINK, now).await?;
        let hash = Some(lock.password_hash.as_str());
        if !self.passwords.verify(password, hash).await? {
            return Err(Error::Unauthenticated);
        }
        let secret = &self.db.keyring().link_pass;
        Ok(LinkPass::make(secret, lock.link, &lock.password_hash, now))
    }

    /// Whether a pass opens a lock now.
    pub fn opens(&self, pass: &LinkPass, lock: &Lock, now: DateTime<Utc>) -> bool {
        pass.opens(&self.db.keyring().link_pass, lock.link, &lock.password_hash, now)
    }
}

fn check(wish: &Wish, now: DateTime<Utc>) -> Result<(), Invalid> {
    if wish.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(Invalid { field: "expires_at", reason: "must lie in the future" });
    }
    if ADDRESSES_MAX < wish.email_to.len() {
        return Err(Invalid { field: "email_to", reason: "must be at most 10 addresses" });
    }
    Ok(())
}
