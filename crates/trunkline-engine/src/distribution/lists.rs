//! Lists of up to a million items. Items are written part by part beside those that count, and count all at once.

use std::sync::Arc;

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, ItemListId};
use trunkline_core::routing::ItemList;

use super::market::Market;
use super::things::{check_name, same_name};
use super::uses::named;
use super::{Distribution, DistributionError, held, invalid};
use crate::ports::distribution::ListRow;
use crate::ports::{PortError, PortResult};

/// Most lists of one account.
pub const LISTS_MAX: usize = 200;
/// Most items of all lists of one account: they are held in memory.
pub const ACCOUNT_ITEMS_MAX: u64 = 5_000_000;
/// Bytes of one part.
const PART_BYTES: usize = 64 * 1024;
/// Parts that one transaction writes.
const PARTS_TOGETHER: usize = 8;

/// A list that nobody else fills or removes meanwhile.
struct Filling<'a> {
    of: &'a Distribution,
    list: ItemListId,
}

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        held(&self.of.filling).remove(&self.list);
    }
}

impl Distribution {
    fn fill_alone(&self, list: ItemListId) -> Result<Filling<'_>, DistributionError> {
        if !held(&self.filling).insert(list) {
            let message = "the list is being filled; wait until that is done";
            return Err(DistributionError::Conflict(message.to_owned()));
        }
        Ok(Filling { of: self, list })
    }

    /// Makes a list without items, or gives one another name.
    ///
    /// # Errors
    /// When a field is wrong, there are too many, or the store is away.
    pub async fn put_list(&self, list: &ListRow) -> Result<(), DistributionError> {
        let lock = self.lock(list.account);
        let _changing = lock.lock().await;
        let market = self.market(list.account)?;
        check_name(&list.name)?;
        let others = market.lists.values().filter(|l| l.id != list.id);
        same_name(others.map(|l| l.name.as_str()), &list.name, "list")?;
        let is_new = !market.lists.contains_key(&list.id);
        if is_new && market.lists.len() >= LISTS_MAX {
            let message = format!("the account has {LISTS_MAX} lists; remove one first");
            return Err(DistributionError::Conflict(message));
        }
        self.to_change(list.account).put_list(list).await?;
        Ok(self.read_back(list.account, None).await?)
    }

    /// Puts items in the place of those that a list has.
    ///
    /// # Errors
    /// When there is no such list, when it is being filled, when the account has too many items, or the store is away;
    /// its items are those of before then.
    pub async fn fill_list(
        &self,
        account: AccountId,
        id: ItemListId,
        items: ItemList,
        now: Timestamp,
    ) -> Result<Arc<ListRow>, DistributionError> {
        let _filling = self.fill_alone(id)?;
        let row = find(&*self.market(account)?, id)?;
        if row.kind != items.kind() {
            return Err(invalid(
                "items",
                format!("the list holds {}", row.kind.word()),
            ));
        }
        // What somebody left who went away half-way.
        self.tidy(id, row.revision).await?;
        let next = ListRow {
            revision: row.revision + 1,
            items: u32::try_from(items.len()).unwrap_or(u32::MAX),
            filled_at: Some(now),
            ..ListRow::clone(&row)
        };
        check_room(&*self.market(account)?, &next)?;
        self.write_parts(&next, &items).await?;
        {
            let lock = self.lock(account);
            let _changing = lock.lock().await;
            let market = self.market(account)?;
            find(&market, id)?;
            check_room(&market, &next)?;
            self.to_change(account).fill_list(&next).await?;
            self.read_back(account, Some((id, Arc::new(items)))).await?;
        }
        self.tidy(id, next.revision).await?;
        find(&*self.market(account)?, id)
    }

    async fn write_parts(&self, list: &ListRow, items: &ItemList) -> PortResult<()> {
        let mut parts: Vec<String> = vec![String::new()];
        let mut first = 0;
        for item in items.items() {
            if let Some(part) = parts.last_mut()
                && part.len() < PART_BYTES
            {
                part.push_str(&item);
                part.push('\n');
                continue;
            }
            if parts.len() == PARTS_TOGETHER {
                let whole = std::mem::take(&mut parts);
                self.add_parts(list, first, &whole).await?;
                first += i64::try_from(whole.len()).unwrap_or(i64::MAX);
            }
            parts.push(format!("{item}\n"));
        }
        parts.retain(|part| !part.is_empty());
        self.add_parts(list, first, &parts).await
    }

    async fn add_parts(&self, list: &ListRow, first: i64, parts: &[String]) -> PortResult<()> {
        if parts.is_empty() {
            return Ok(());
        }
        let records = self.records.as_ref();
        records
            .add_list_parts(list.id, list.revision, first, parts)
            .await
    }

    async fn tidy(&self, list: ItemListId, counts: i64) -> PortResult<()> {
        while self.records.tidy_list(list, counts).await? > 0 {}
        Ok(())
    }

    /// Removes a list that nobody uses.
    ///
    /// # Errors
    /// When somebody uses it, with their names; when there is none, or the store is away.
    pub async fn delete_list(
        &self,
        account: AccountId,
        id: ItemListId,
        now: Timestamp,
    ) -> Result<(), DistributionError> {
        let _filling = self.fill_alone(id)?;
        let lock = self.lock(account);
        let _changing = lock.lock().await;
        let market = self.market(account)?;
        let row = find(&market, id)?;
        let users = market.users_of_list(id);
        if !users.is_empty() {
            return Err(DistributionError::Conflict(format!(
                "the list `{}` is used by {}; take it out there first",
                row.name,
                named(&users)
            )));
        }
        // It is empty before its parts go, so that it is never half of what it was.
        let empty = ListRow {
            revision: row.revision + 1,
            items: 0,
            filled_at: Some(now),
            ..ListRow::clone(&row)
        };
        let records = self.to_change(account);
        records.fill_list(&empty).await?;
        self.tidy(id, empty.revision).await?;
        let there = records.delete_list(account, id).await?;
        self.read_back(account, None).await?;
        if there {
            Ok(())
        } else {
            Err(DistributionError::NotFound("list"))
        }
    }

    /// The items of a list, a part after the other; `None` after the last.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn list_part(&self, list: &ListRow, from: i64) -> PortResult<Option<(i64, String)>> {
        self.records.list_part(list.id, list.revision, from).await
    }

    /// Reads the items of a list from the store.
    pub(super) async fn read_items(&self, row: &ListRow) -> PortResult<ItemList> {
        let mut all = String::new();
        let mut next = 0;
        while let Some((part, items)) = self.list_part(row, next).await? {
            all.push_str(&items);
            next = part + 1;
        }
        let kind = row.kind;
        let read = tokio::task::spawn_blocking(move || ItemList::stored(kind, all.lines()));
        let failed = |error: String| PortError::Failed(format!("a list was not read: {error}"));
        let list = read.await.map_err(|error| failed(error.to_string()))?;
        let list = list.map_err(|error| failed(error.to_string()))?;
        if list.len() != row.items as usize {
            tracing::error!(list = %row.id, items = list.len(), told = row.items, "a list is not whole");
        }
        Ok(list)
    }
}

fn find(market: &Market, id: ItemListId) -> Result<Arc<ListRow>, DistributionError> {
    let list = market.lists.get(&id).cloned();
    list.ok_or(DistributionError::NotFound("list"))
}

fn check_room(market: &Market, next: &ListRow) -> Result<(), DistributionError> {
    let others = market.lists.values().filter(|l| l.id != next.id);
    let items: u64 = others.map(|l| u64::from(l.items)).sum();
    if items + u64::from(next.items) > ACCOUNT_ITEMS_MAX {
        return Err(DistributionError::Conflict(format!(
            "the lists of the account would have more than {ACCOUNT_ITEMS_MAX} items together; empty or remove one first"
        )));
    }
    Ok(())
}
