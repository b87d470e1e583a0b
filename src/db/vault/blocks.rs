//! Whom an account keeps away from. Nobody but its owner reads that; what follows from it is asked of
//! `commons.are_apart`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use crate::access::{Sealed, Viewer};
use crate::db::commons::{find_members, part_reviewers};
use crate::db::identity::hold_account;
use crate::db::schema::vault::blocks;
use crate::db::slice::one_more;
use crate::db::{Db, Error, Slice};
use crate::domain::{AccountId, Invalid, PublicName};

/// The most members that an account keeps away from.
pub const BLOCKS_MAX: i64 = 1_000;

/// That an account keeps away from somebody.
pub struct Block {
    /// From whom.
    pub member: AccountId,
    /// What they are called, if the account would know without the block: who blocks an id learns no
    /// name by it.
    pub public_name: Option<PublicName>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A place in the list: just after this block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockPosition {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Of whom it is.
    pub id: AccountId,
}

impl Db {
    /// Whom an account keeps away from, the newest first.
    pub async fn blocks(
        &self,
        account: AccountId,
        after: Option<BlockPosition>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Slice<Block, BlockPosition>, Error> {
        let conn = &mut *self.conn().await?;
        let mut query = blocks::table
            .filter(blocks::account_id.eq(Uuid::from(account)))
            .order((blocks::created_at.desc(), blocks::member_id.desc()))
            .limit(one_more(limit))
            .select((blocks::member_id, blocks::created_at))
            .into_boxed();
        if let Some(BlockPosition { at, id }) = after {
            let same = blocks::created_at.eq(at).and(blocks::member_id.lt(Uuid::from(id)));
            query = query.filter(blocks::created_at.lt(at).or(same));
        }
        let rows: Vec<(Uuid, DateTime<Utc>)> = query.load(conn).await?;
        let position =
            |(id, at): &(Uuid, DateTime<Utc>)| BlockPosition { at: *at, id: (*id).into() };
        let Slice { items, next } = Slice::of(rows, limit, position);
        let ids: Vec<AccountId> = items.iter().map(|(id, _)| (*id).into()).collect();
        let viewer = Viewer::Member(account);
        let away = blocks::table
            .filter(blocks::account_id.eq_any(ids.iter().copied().map(Uuid::from)))
            .filter(blocks::member_id.eq(Uuid::from(account)))
            .select(blocks::account_id);
        let away: BTreeSet<Uuid> = away.load(conn).await?.into_iter().collect();
        let mut names = BTreeMap::new();
        for found in find_members(conn, viewer, &ids, now).await? {
            let keep_away = away.contains(&found.id().into());
            if let Some(member) = Sealed::open(found.seal_together(viewer, keep_away)?) {
                names.insert(member.id, member.public_name.clone());
            }
        }
        let block = |(member, created_at): (Uuid, DateTime<Utc>)| {
            let member = AccountId::from(member);
            Block { member, public_name: names.remove(&member), created_at }
        };
        Ok(Slice { items: items.into_iter().map(block).collect(), next })
    }

    /// Keeps an account away from a member, whether or not there is one of that id, and erases what either said
    /// of the other's activities. Repeating it changes nothing.
    pub async fn block(
        &self,
        account: AccountId,
        member: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Invalid>, Error> {
        if account == member {
            return Ok(Err(Invalid { field: "member", reason: "must be somebody else" }));
        }
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            hold_account(conn, account).await?;
            let all = blocks::table.filter(blocks::account_id.eq(Uuid::from(account)));
            let others = all.filter(blocks::member_id.ne(Uuid::from(member))).count();
            if BLOCKS_MAX <= others.get_result::<i64>(conn).await? {
                return Ok(Err(Invalid { field: "blocks", reason: "must be at most 1,000" }));
            }
            diesel::insert_into(blocks::table)
                .values((
                    blocks::account_id.eq(Uuid::from(account)),
                    blocks::member_id.eq(Uuid::from(member)),
                    blocks::created_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            part_reviewers(conn, account, member).await?;
            Ok(Ok(()))
        })
        .await
    }

    /// Lets an account and a member be together again, as far as it goes by the account.
    pub async fn unblock(&self, account: AccountId, member: AccountId) -> Result<(), Error> {
        let block = blocks::table.find((Uuid::from(account), Uuid::from(member)));
        diesel::delete(block).execute(&mut *self.conn().await?).await?;
        Ok(())
    }
}
