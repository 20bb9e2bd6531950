//! The file as it is worked on: documents in, documents to send out, what became of them in again.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::dropping::{Drops, Room};
use super::error::QueueError;
use super::queued::{Loaded, Number, Queued, TargetId, Verdict};
use super::schema;

/// The file of a queue.
#[derive(Debug)]
pub(super) struct QueueFile {
    connection: Connection,
    room: Room,
    targets: Vec<TargetId>,
    last: Number,
}

/// How many documents wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    /// For each target that was named.
    pub(super) of_targets: BTreeMap<TargetId, u64>,
    /// For others, by their names.
    pub(super) of_others: Vec<(String, u64)>,
}

impl QueueFile {
    /// Opens the file for these targets, by their names. A target that the file does not know has everything that waits there
    /// before it.
    pub(super) fn open(path: &Path, bytes: u64, targets: &[&str]) -> Result<Self, QueueError> {
        let mut connection = schema::open(path)?;
        let transaction = connection.transaction()?;
        let targets = targets.iter().map(|name| find_target(&transaction, name)).collect::<Result<_, _>>()?;
        let last =
            transaction.query_row("SELECT coalesce(max(number), 0) FROM queued", [], |row| row.get(0))?;
        transaction.commit()?;
        Ok(Self { connection, room: Room::of(path, bytes), targets, last })
    }

    /// The targets, in the order in which they were named.
    pub(super) fn targets(&self) -> &[TargetId] {
        &self.targets
    }

    /// The latest document's number.
    pub(super) fn last(&self) -> Number {
        self.last
    }

    /// How many documents wait.
    pub(super) fn waiting(&self) -> Result<Waiting, QueueError> {
        let mut select = self.connection.prepare(
            "SELECT target, name, count(*) FROM waiting JOIN targets USING (target) GROUP BY target ORDER BY target",
        )?;
        let rows =
            select.query_map([], |row| Ok((TargetId(row.get(0)?), row.get(1)?, row.get::<_, i64>(2)?)))?;
        let of_targets = self.targets.iter().map(|target| (*target, 0)).collect();
        let mut waiting = Waiting { of_targets, of_others: Vec::new() };
        for row in rows {
            let (target, name, count) = row?;
            match waiting.of_targets.get_mut(&target) {
                Some(of_target) => *of_target = count.unsigned_abs(),
                None => waiting.of_others.push((name, count.unsigned_abs())),
            }
        }
        Ok(waiting)
    }

    /// Whether there is room on the disk for documents.
    pub(super) fn has_room(&self) -> bool {
        self.room.is_on_disk()
    }

    /// As if the disk were full.
    #[cfg(test)]
    pub(super) fn fill_disk(&mut self) {
        self.room.fill_disk();
    }

    /// Takes documents and verdicts in one transaction. Returns what was dropped for them, and how many documents of each verdict
    /// still waited for its target.
    pub(super) fn work(
        &mut self,
        documents: impl IntoIterator<Item = impl AsRef<str>>,
        verdicts: &[Verdict],
    ) -> Result<(Drops, Vec<u64>), QueueError> {
        let transaction = self.connection.transaction()?;
        // First what makes room.
        let settled =
            verdicts.iter().map(|verdict| settle(&transaction, verdict)).collect::<Result<_, _>>()?;
        let mut drops = Drops::default();
        let mut last = self.last;
        let mut unchecked = 0;
        for text in documents {
            last += 1;
            unchecked += append(&transaction, last, text.as_ref(), &self.targets)?;
            if self.room.is_worth_a_look(unchecked) {
                self.room.make(&transaction, &mut drops)?;
                unchecked = 0;
            }
        }
        if unchecked > 0 {
            self.room.make(&transaction, &mut drops)?;
        }
        transaction.commit()?;
        self.last = last;
        Ok((drops, settled))
    }

    /// The next documents of a target: at most so many, and of at most so many bytes unless it is one.
    pub(super) fn load(
        &self,
        target: TargetId,
        after: Number,
        most: usize,
        most_bytes: usize,
    ) -> Result<Loaded, QueueError> {
        let mut select = self.connection.prepare_cached(
            "SELECT number, text FROM waiting JOIN queued USING (number) WHERE number > ?1 AND target = ?2 ORDER BY number",
        )?;
        let mut rows = select.query((after, target.0))?;
        let (mut documents, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let queued = Queued { number: row.get(0)?, text: row.get(1)? };
            bytes += queued.text.len();
            if documents.len() == most || (bytes > most_bytes && !documents.is_empty()) {
                // There is more: what was loaded is all up to the last of it.
                let up_to = documents.last().map_or(after, |last: &Queued| last.number);
                return Ok(Loaded { documents, up_to });
            }
            documents.push(queued);
        }
        Ok(Loaded { documents, up_to: self.last })
    }

    /// Those of the documents that still wait for the target.
    pub(super) fn reload(&self, target: TargetId, numbers: &[Number]) -> Result<Vec<Queued>, QueueError> {
        let mut select = self.connection.prepare_cached(
            "SELECT text FROM waiting JOIN queued USING (number) WHERE number = ?1 AND target = ?2",
        )?;
        let mut documents = Vec::with_capacity(numbers.len());
        for &number in numbers {
            let text = select.query_row((number, target.0), |row| row.get(0)).optional()?;
            documents.extend(text.map(|text| Queued { number, text }));
        }
        Ok(documents)
    }

    /// Gives back to the file system what is not needed any more; whether there is more of that.
    pub(super) fn tidy(&self) -> Result<bool, QueueError> {
        self.room.shrink(&self.connection)
    }

    /// The bytes of the file that are in use.
    #[cfg(test)]
    pub(super) fn used(&self) -> u64 {
        Room::used(&self.connection).unwrap()
    }
}

fn find_target(transaction: &Transaction<'_>, name: &str) -> Result<TargetId, QueueError> {
    let find = "SELECT target FROM targets WHERE name = ?1";
    if let Some(known) = transaction.query_row(find, [name], |row| row.get(0)).optional()? {
        return Ok(TargetId(known));
    }
    transaction.execute("INSERT INTO targets (name) VALUES (?1)", [name])?;
    let target = transaction.last_insert_rowid();
    transaction.execute("INSERT INTO waiting SELECT number, ?1 FROM queued", [target])?;
    Ok(TargetId(target))
}

/// Returns the bytes of it.
fn append(
    transaction: &Transaction<'_>,
    number: Number,
    text: &str,
    targets: &[TargetId],
) -> Result<u64, QueueError> {
    transaction
        .prepare_cached("INSERT INTO queued (number, text) VALUES (?1, ?2)")?
        .execute((number, text))?;
    let mut insert = transaction.prepare_cached("INSERT INTO waiting (number, target) VALUES (?1, ?2)")?;
    for target in targets {
        insert.execute((number, target.0))?;
    }
    Ok(text.len() as u64)
}

/// Forgets that the target waits; returns for how many documents it still did.
fn settle(transaction: &Transaction<'_>, verdict: &Verdict) -> Result<u64, QueueError> {
    let mut had = transaction.prepare_cached("DELETE FROM waiting WHERE number = ?1 AND target = ?2")?;
    let mut forget = transaction.prepare_cached(
        "DELETE FROM queued WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM waiting WHERE number = ?1)",
    )?;
    let mut waited = 0;
    for &number in &verdict.numbers {
        waited += had.execute((number, verdict.target.0))? as u64;
        forget.execute([number])?;
    }
    Ok(waited)
}
