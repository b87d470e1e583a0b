//! Leaving: what would become of an account, asking for it, and coming back in time. And closing an account that
//! nobody uses.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::anonymise::{Author, Remains};
use super::sign_in::{Tokens, issue};
use super::{Error, Service};
use crate::access::Owned;
use crate::db::commons::HandOver;
use crate::db::identity::{Code, NewSession};
use crate::db::ops::{Erasure, Rate};
use crate::db::vault::{Activity, Grounds, Held, Left};
use crate::domain::{
    AccountId, ActivityId, Email, ErasureId, Legacies, Password, PhotoId, Visibility, Wishes,
};
use crate::privacy::retention;

/// Passwords and codes tried by who wants to leave.
const TRIES: Rate = Rate { burst: 10, every: TimeDelta::seconds(30) };
/// Codes mailed to who wants to leave.
const MAILS: Rate = Rate { burst: 5, every: TimeDelta::minutes(10) };
/// Looks at what would become of an account: each opens all that is shared.
const LOOKS: Rate = Rate { burst: 60, every: TimeDelta::seconds(5) };

/// How somebody shows that it is they who leave.
pub enum Proof {
    /// By their password.
    Password(Password),
    /// By the code that was mailed to them.
    Code(String),
}

/// Until when leaving can be taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undo {
    /// It cannot.
    #[default]
    Never,
    /// For a week.
    Week,
}

impl Undo {
    const fn wait(self) -> TimeDelta {
        match self {
            Self::Never => TimeDelta::zero(),
            Self::Week => retention::ERASURE_UNDO,
        }
    }
}

/// What would become of an account.
pub struct Outlook {
    /// How many rows of which tables are erased.
    pub held: Vec<Held>,
    /// How many activities reach whom.
    pub reaching: Vec<(Visibility, i64)>,
    /// What becomes of them where nothing is said.
    pub unsaid: Legacies,
    /// How many reviews they have written.
    pub reviews: i64,
    /// The communities that are handed over, or end.
    pub hand_overs: Vec<HandOver>,
    /// Some of the works that others see, one by one.
    pub items: Vec<Item>,
    /// After which the rest of them comes.
    pub next: Option<ActivityId>,
}

/// What can become of a work.
pub struct Item {
    /// The work.
    pub activity: Owned<Activity>,
    /// What would stay of it.
    pub remains: Result<Remains, Lost>,
    /// Which of its photos could stay with that.
    pub photos: Vec<PhotoId>,
}

/// Why nothing of a work can stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Too little is left.
    TooLittle,
    /// It was published for a time.
    Limited,
    /// Somebody whom its author keeps away from would see it.
    KeptAway,
}

impl Service {
    /// Says what would become of an account, with some of its works one by one.
    pub async fn outlook(
        &self,
        account: AccountId,
        after: Option<ActivityId>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Outlook, Error> {
        self.allow("outlooks", Uuid::from(account).as_bytes(), LOOKS, now).await?;
        let owner = self.db.account(account).await?.ok_or(Error::Missing)?;
        let repeated = self.find_repeated_texts(account).await?;
        let author = Author::new(&owner, owner.profile.public_name.as_str(), repeated);
        let rows = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut works = self.db.works_after(account, after, rows).await?;
        let are_more = limit < works.len();
        works.truncate(limit);
        let next = works.last().filter(|_| are_more).map(|work| work.id);
        let kept_away = self.db.works_kept_away(account).await?;
        let mut items = Vec::with_capacity(works.len());
        for activity in works {
            let remains = if activity.published_until.is_some() {
                Err(Lost::Limited)
            } else if kept_away.contains(&activity.id) {
                Err(Lost::KeptAway)
            } else {
                match self.remains(&activity, &author).await {
                    Ok(remains) => remains.ok_or(Lost::TooLittle),
                    Err(error) if error.is_damage() => Err(Lost::TooLittle),
                    Err(error) => return Err(error),
                }
            };
            let photos = match &remains {
                Ok(_) => self.keepable_photos(&activity).await?,
                Err(_) => Vec::new(),
            };
            let photos = photos.iter().map(|photo| photo.id).collect();
            items.push(Item { activity, remains, photos });
        }
        Ok(Outlook {
            held: self.db.rows_held(account).await?,
            reaching: self.db.count_by_visibility(account).await?,
            unsaid: Legacies::unsaid(self.db.restricted_at(account).await?.is_some()),
            reviews: self.db.count_reviews(account).await?,
            hand_overs: self.db.hand_overs(account).await?,
            items,
            next,
        })
    }

    /// Mails a code to who wants to leave and has no password, or has forgotten it.
    pub async fn send_erasure_code(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.allow("erasure code", Uuid::from(account).as_bytes(), MAILS, now).await?;
        Ok(self.db.send_erasure_code(account, &Code::random(), now).await?)
    }

    /// Leaves, for who proves that they may. With the answer nothing of the account is seen any more; the rest
    /// is a job.
    pub async fn leave(
        &self,
        account: AccountId,
        proof: Proof,
        wishes: Wishes,
        undo: Undo,
        now: DateTime<Utc>,
    ) -> Result<Erasure, Error> {
        self.allow("leave", Uuid::from(account).as_bytes(), TRIES, now).await?;
        let hash = self.prove(account, proof, now).await?;
        let grounds = hash.as_deref().map_or(Grounds::Asked, Grounds::Password);
        // Else another call of theirs was quicker, and has ended their sessions.
        let left = self.part(account, grounds, wishes, undo, now).await?;
        left.ok_or(Error::Unauthenticated)
    }

    /// Closes an account whose owner was warned twice and did not come back, as if they had left without a word:
    /// the one place from which an account goes without being asked to. Does nothing when they came back meanwhile,
    /// or it is left already.
    pub async fn close_abandoned(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.part(account, Grounds::Abandoned, Wishes::default(), Undo::Never, now).await?;
        Ok(())
    }

    /// `None` when there are no such grounds any more.
    async fn part(
        &self,
        account: AccountId,
        grounds: Grounds<'_>,
        wishes: Wishes,
        undo: Undo,
        now: DateTime<Utc>,
    ) -> Result<Option<Erasure>, Error> {
        let id = ErasureId::random();
        let entry = |is_restricted| Erasure {
            id,
            account,
            legacies: wishes.settled(is_restricted),
            requested_at: now,
            erase_at: now + undo.wait(),
            is_undone: false,
        };
        let erasure = match self.db.leave(account, grounds, entry, now).await? {
            Left::Now(erasure) => erasure,
            Left::Before(_) | Left::No => return Ok(None),
        };
        // It is written down in the database. Where that cannot be done outside of it now, a task does it,
        // and nothing is erased before.
        let _noted_later = self.note(&erasure).await;
        Ok(Some(erasure))
    }

    /// The hash of the password, if that is the proof.
    async fn prove(
        &self,
        account: AccountId,
        proof: Proof,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Error> {
        match proof {
            Proof::Password(password) => {
                let hash = self.db.password_hash(account).await?;
                let matches = self.passwords.verify(password, hash.as_deref()).await?;
                if matches { Ok(hash) } else { Err(Error::Unauthenticated) }
            }
            Proof::Code(code) => {
                let code = Code::typed(&code).ok_or(Error::Unauthenticated)?;
                let taken = self.db.take_erasure_code(account, &code, now).await?;
                taken.then_some(None).ok_or(Error::Unauthenticated)
            }
        }
    }

    /// Takes back that an account leaves, and signs its owner in.
    pub async fn come_back(
        &self,
        email: &Email,
        password: Password,
        session: &NewSession,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<Tokens, Error> {
        let credentials = self.verified(email, password, from, now).await?;
        let (account, hash) = (credentials.account, credentials.password_hash.unwrap_or_default());
        let back = self.db.return_to_account(account, &hash, session, now).await?;
        let (refresh, id) = back.ok_or(Error::Unauthenticated)?;
        if let Some(undone) = self.db.known_erasure(id).await? {
            // As when leaving: a task does it otherwise.
            let _noted_later = self.note(&undone).await;
        }
        issue(&self.tokens, account, session.id, &refresh, now)
    }
}
