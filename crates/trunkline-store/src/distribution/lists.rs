//! Lists and their items. A million items are many short transactions and never one long one: the parts of a new revision
//! are written first, and then count all at once.

use trunkline_core::base::id::{AccountId, ItemListId};
use trunkline_engine::ports::distribution::ListRow;
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::port_error;
use crate::db::{DbError, Expect, Outcome, Row, Transaction};
use crate::{Store, args};

/// Most parts that one statement removes.
const TIDIED_MAX: i64 = 16;

crate::statements! { "distribution_lists";
    LISTS = "SELECT id, account, name, kind, revision, items, filled_at, created_at FROM item_list WHERE account = $1 \
        ORDER BY id";
    PUT_LIST = "INSERT INTO item_list (id, account, name, kind, revision, items, filled_at, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET name = excluded.name \
        WHERE item_list.account = excluded.account";
    FILL_LIST = "UPDATE item_list SET revision = $2, items = $3, filled_at = $4 WHERE id = $1 AND revision = $2 - 1";
    PUT_PART = "INSERT INTO item_list_part (list, revision, part, items) VALUES ($1, $2, $3, $4)";
    NEXT_PART = "SELECT part, items FROM item_list_part WHERE list = $1 AND revision = $2 AND part >= $3 \
        ORDER BY part LIMIT 1";
    TIDY_PARTS = "DELETE FROM item_list_part WHERE list = $1 AND (revision, part) IN \
        (SELECT revision, part FROM item_list_part WHERE list = $1 AND revision <> $2 ORDER BY revision, part LIMIT $3)";
    DELETE_LIST = "DELETE FROM item_list WHERE account = $1 AND id = $2";
}

impl Store {
    pub(super) async fn load_lists(&self, account: AccountId) -> PortResult<Vec<ListRow>> {
        self.many(LISTS, args![account], list).await
    }

    pub(super) async fn store_list(&self, list: &ListRow) -> PortResult<()> {
        let values = args![
            list.id,
            list.account,
            &list.name,
            list.kind,
            list.revision,
            list.items,
            list.filled_at,
            list.created_at,
        ];
        self.put(PUT_LIST, values).await
    }

    pub(super) async fn store_parts(
        &self,
        list: ItemListId,
        revision: i64,
        first: i64,
        parts: &[String],
    ) -> PortResult<()> {
        let mut whole = Transaction::new();
        for (part, items) in (first..).zip(parts) {
            whole.push(
                PUT_PART,
                args![list, revision, part, items],
                Expect::Rows(1),
            );
        }
        self.run_whole(whole).await
    }

    pub(super) async fn make_revision_count(&self, list: &ListRow) -> PortResult<()> {
        let values = args![list.id, list.revision, list.items, list.filled_at];
        let whole = Transaction::new().step(FILL_LIST, values, Expect::Rows(1));
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Unexpected { .. } => Err(PortError::Conflict(
                "somebody filled the list at the same time; send the items again".to_owned(),
            )),
        }
    }

    pub(super) async fn remove_old_parts(&self, list: ItemListId, counts: i64) -> PortResult<u64> {
        let values = args![list, counts, TIDIED_MAX];
        self.change(TIDY_PARTS, values, Expect::Any).await
    }

    pub(super) async fn next_part(
        &self,
        list: ItemListId,
        revision: i64,
        from: i64,
    ) -> PortResult<Option<(i64, String)>> {
        self.one(NEXT_PART, args![list, revision, from], |row| {
            Ok((row.get("part")?, row.get("items")?))
        })
        .await
    }

    pub(super) async fn remove_list(
        &self,
        account: AccountId,
        list: ItemListId,
    ) -> PortResult<bool> {
        let deleted = self.change(DELETE_LIST, args![account, list], Expect::Any);
        Ok(deleted.await? > 0)
    }
}

fn list(row: &Row) -> Result<ListRow, DbError> {
    Ok(ListRow {
        id: row.get("id")?,
        account: row.get("account")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        revision: row.get("revision")?,
        items: row.get("items")?,
        filled_at: row.get("filled_at")?,
        created_at: row.get("created_at")?,
    })
}
