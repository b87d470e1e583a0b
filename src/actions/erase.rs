//! Erasing an account that is left: step by step, each of which may be the last before the process dies.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::anonymise::{Author, Remains, chance};
use super::{Error, Service};
use crate::access::Owned;
use crate::db::commons::{KeptReview, LeftReview, Work};
use crate::db::ops::{Erasure, Open};
use crate::db::vault::{Activity, Grounds, Left, Leftover, Repeated};
use crate::domain::{AccountId, ActivityId, Description, ErasureId, Legacy, ReviewId, Visibility};
use crate::privacy::anonymity::{month, outline};
use crate::privacy::retention;

/// How many activities one step sees to.
const ACTIVITIES_AT_ONCE: i64 = 50;
/// How many of them one step makes anonymous: each is cut anew.
const ANONYMISED_AT_ONCE: usize = 10;
/// How many reviews one step sees to.
const REVIEWS_AT_ONCE: i64 = 50;
/// How many works are read in one go to find texts that occur twice.
const READ_AT_ONCE: i64 = 50;

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to do.
    More,
    /// All is done.
    Done,
}

impl Service {
    /// Takes one step of an erasure. The order matters: what needs the account's key comes before the key goes,
    /// the receipt before the address, and the note outside the database before anything is erased in it.
    pub async fn erase_account(&self, id: ErasureId, now: DateTime<Utc>) -> Result<Step, Error> {
        let Some(Open { erasure, is_told, has_begun }) = self.db.open_erasure(id).await? else {
            return Ok(Step::Done);
        };
        if now < erasure.erase_at {
            return Ok(Step::Done);
        }
        if !is_told {
            self.note(&erasure).await?;
            if !has_begun {
                let repeated = self.find_repeated_texts(erasure.account).await?;
                let has_begun = self.db.begin_erasure(&erasure, &repeated).await?;
                return Ok(if has_begun { Step::More } else { Step::Done });
            }
            let found = self.db.leftovers(erasure.account, ACTIVITIES_AT_ONCE).await?;
            if !found.is_empty() {
                self.see_to(&erasure, found, now).await?;
                return Ok(Step::More);
            }
            let found = self.db.left_reviews(erasure.account, None, REVIEWS_AT_ONCE).await?;
            if !found.is_empty() {
                self.see_to_reviews(&erasure, found, now).await?;
                return Ok(Step::More);
            }
            if self.db.erase_files(erasure.account, None, now).await? {
                return Ok(Step::More);
            }
            self.db.sum_up_title_words().await?;
            self.db.write_receipt(&erasure, now).await?;
            return Ok(Step::More);
        }
        if self.db.erase_files(erasure.account, None, now).await?
            || self.db.erase_rows(erasure.account).await?
        {
            return Ok(Step::More);
        }
        self.db.finish_erasure(&erasure, now).await?;
        Ok(Step::Done)
    }

    /// Erases some activities, or makes works of them that have no author.
    async fn see_to(
        &self,
        erasure: &Erasure,
        found: Vec<Leftover>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        // What was to be taken back at some time is not kept beyond it, nor with it: it would tell.
        let stays = |leftover: &Leftover| {
            let legacy = erasure.legacies.of(leftover.id, leftover.visibility);
            legacy == Legacy::Anonymize && !leftover.is_limited
        };
        let (kept, mut erased): (Vec<_>, Vec<_>) = found.into_iter().partition(stays);
        let kept: Vec<Leftover> = kept.into_iter().take(ANONYMISED_AT_ONCE).collect();
        let author = self.author_of(erasure).await?;
        for leftover in kept {
            match self.work_of(erasure, &leftover, author.as_ref()).await {
                Ok(Some(work)) => {
                    let show_at = moment_after(now);
                    self.db.make_anonymous(erasure, leftover.id, work, show_at, now).await?;
                }
                // Of what does not open nothing can be made: that keeps nobody from leaving.
                Ok(None) => erased.push(leftover),
                Err(error) if error.is_damage() => erased.push(leftover),
                Err(error) => return Err(error),
            }
        }
        let ids: Vec<ActivityId> = erased.iter().map(|leftover| leftover.id).collect();
        while self.db.erase_files(erasure.account, Some(&ids), now).await? {}
        Ok(self.db.erase_activities(erasure, &ids, now).await?)
    }

    /// Erases some reviews, or takes their writer off them, each on its own: what everyone saw is to stay or to go.
    async fn see_to_reviews(
        &self,
        erasure: &Erasure,
        found: Vec<LeftReview>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let stays = erasure.legacies.published == Legacy::Anonymize;
        let author = if stays { self.author_of(erasure).await? } else { None };
        for LeftReview { id, of, rating, text, day } in found {
            let kept = author.as_ref().map(|author| KeptReview {
                id: ReviewId::random(),
                of,
                rating,
                text: text.filter(|text| self.is_anybodys(text, author)),
                month: month(day),
            });
            self.db.sever_review(id, of, kept, moment_after(now)).await?;
        }
        Ok(())
    }

    /// What stays of an activity; `None` when that is nothing.
    async fn work_of(
        &self,
        erasure: &Erasure,
        leftover: &Leftover,
        author: Option<&Author>,
    ) -> Result<Option<Work>, Error> {
        let activity = self.owned(erasure.account, leftover.id).await?;
        let (Some(activity), Some(author)) = (activity, author) else { return Ok(None) };
        let Some(Remains { mut work, .. }) = self.remains(&activity, author).await? else {
            return Ok(None);
        };
        work.is_published = leftover.visibility == Visibility::Published;
        work.photos = self.kept_photos(&activity, &erasure.legacies).await?;
        Ok(Some(work))
    }

    /// Who leaves, if that can still be read.
    async fn author_of(&self, erasure: &Erasure) -> Result<Option<Author>, Error> {
        let read = async {
            let account = self.db.account(erasure.account).await?;
            let repeated = self.db.repeated_texts(erasure).await?;
            // What others read is no name of theirs any more.
            let name = self.db.remembered_name(erasure).await?;
            Ok(account.map(|account| Author::new(&account, &name, repeated)))
        };
        match read.await {
            Err(error) if Error::is_damage(&error) => Ok(None),
            read => read,
        }
    }

    /// The texts whose outline occurs in more than one work or review: they would tie those together.
    pub(super) async fn find_repeated_texts(&self, account: AccountId) -> Result<Repeated, Error> {
        let mut seen: BTreeMap<[u8; 16], Uuid> = BTreeMap::new();
        let mut repeated = BTreeSet::new();
        let mut note = |text_outline: &str, of: Uuid| {
            let mark = self.db.text_mark(text_outline);
            if *seen.entry(mark).or_insert(of) != of {
                repeated.insert(mark);
            }
        };
        let mut after = None;
        loop {
            let works = self.db.works_after(account, after, READ_AT_ONCE).await?;
            let Some(last) = works.last() else { break };
            after = Some(last.id);
            for work in &works {
                for outline in outlines(work) {
                    note(&outline, work.id.into());
                }
            }
        }
        let mut after = None;
        loop {
            let reviews = self.db.left_reviews(account, after, READ_AT_ONCE).await?;
            let Some(last) = reviews.last() else { break };
            after = Some(last.id);
            for review in &reviews {
                if let Some(text) = &review.text {
                    note(&outline(text), review.id.into());
                }
            }
        }
        Ok(repeated.into_iter().collect())
    }

    /// Shows a work that has no author any more.
    pub async fn show_work(&self, work: Work, now: DateTime<Utc>) -> Result<(), Error> {
        let photos = self.drawn_again(&work, now).await?;
        let (work, shared) = self
            .cores
            .run(move || {
                let shared = work.shared(photos);
                (work, shared)
            })
            .await?;
        match shared? {
            Some(shared) => Ok(self.db.show_work(&work, &shared).await?),
            None => Ok(()),
        }
    }

    /// Writes down outside the database that an account is to be erased, or is not any more.
    pub(super) async fn note(&self, erasure: &Erasure) -> Result<(), Error> {
        let note = self.db.seal_erasure(erasure)?;
        self.files.put_note(erasure.id, note).await?;
        Ok(self.db.erasure_is_noted(erasure).await?)
    }

    /// Lets every erasure that is due go on, and be noted outside the database.
    pub async fn go_on_erasing(&self, now: DateTime<Utc>) -> Result<(), Error> {
        self.db.enqueue_erasures(now).await?;
        for erasure in self.db.unnoted_erasures().await? {
            self.note(&erasure).await?;
        }
        Ok(())
    }

    /// Goes on with the erasures that are due until they are done.
    pub async fn finish_erasures(&self, now: DateTime<Utc>) -> Result<(), Error> {
        for id in self.db.due_erasures(now).await? {
            while self.erase_account(id, now).await? == Step::More {}
        }
        Ok(())
    }

    /// Forgets erasures that no backup can contradict any more.
    pub async fn forget_erasures(&self, now: DateTime<Utc>) -> Result<(), Error> {
        loop {
            let expired = self.db.expired_erasures(now).await?;
            if expired.is_empty() {
                return Ok(());
            }
            for id in expired {
                self.files.erase_note(id).await?;
                self.db.forget_erasure(id).await?;
            }
        }
    }

    /// Does again what a database has forgotten that was restored from a backup: before anybody is served, no
    /// account is there that its owner had erased. How many were.
    pub async fn replay_erasures(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let mut replayed = 0;
        for id in self.files.notes().await? {
            let known = self.db.known_erasure(id).await?;
            if known.as_ref().is_some_and(|known| known.is_undone) {
                continue;
            }
            let note = match self.files.note(id).await {
                Ok(note) => note,
                // Forgotten meanwhile, by another process.
                Err(error) if error.is_missing() => continue,
                Err(error) => return Err(error.into()),
            };
            // What does not open was noted for another database: its secrets are not here, nor its accounts.
            let Some(noted) = self.db.open_noted_erasure(id, &note) else { continue };
            match (known, noted.is_undone) {
                (Some(_), true) => self.db.undo_erasure(&noted, now).await?,
                (Some(_), false) => {}
                (None, true) => self.db.enter_noted_erasure(&noted, now).await?,
                (None, false) => {
                    replayed += usize::from(self.erase_again(&noted, now).await?);
                }
            }
        }
        Ok(replayed)
    }

    /// Whether there was something to erase again.
    async fn erase_again(&self, noted: &Erasure, now: DateTime<Utc>) -> Result<bool, Error> {
        // What was settled then is not settled anew.
        let entry = |_| noted.clone();
        match self.db.leave(noted.account, Grounds::Asked, entry, now).await? {
            Left::Now(_) | Left::Before(_) => Ok(true),
            Left::No => {
                self.db.enter_noted_erasure(noted, now).await?;
                Ok(false)
            }
        }
    }
}

/// When something comes back without its author that is made anonymous now: by chance, within
/// [`retention::ANONYMOUS_WITHIN`].
fn moment_after(now: DateTime<Utc>) -> DateTime<Utc> {
    let wait_ms = 1_000.0 * chance() * retention::ANONYMOUS_WITHIN.as_seconds_f64();
    #[expect(clippy::cast_possible_truncation, reason = "within a minute or a day")]
    let wait = TimeDelta::milliseconds(wait_ms as i64);
    now + wait
}

/// The outlines of the texts that others read of a work, but for a title that is its sport's.
fn outlines(work: &Owned<Activity>) -> Vec<String> {
    let details = &work.details;
    let title = details.title_is_chosen.then(|| details.title.as_str());
    let description = details.public_description().map(Description::as_str);
    let mut outlines: Vec<String> =
        [title, description].into_iter().flatten().map(outline).collect();
    outlines.retain(|outline| !outline.is_empty());
    outlines
}
