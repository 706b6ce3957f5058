//! What a database says of cells: which one it is, and which others there are.

use crate::store::cells::directory::{CellLine, NewCell, NewCellOutcome};
use crate::store::location::CellName;

use super::case::Case;

pub async fn a_database_with_something_in_it_becomes_no_cell_and_lists_those_that_are_added(case: Case) {
    let name: CellName = "south".parse().unwrap();
    let outcome = case
        .store
        .become_cell(NewCell { name: name.clone() })
        .await
        .unwrap();
    assert_eq!(outcome, NewCellOutcome::Used);
    assert_eq!(case.store.this_cell(()).await.unwrap(), None);
    let before = case.store.cell_lines(()).await.unwrap();
    // With cells its event is in the other one, and that says which it is.
    let others = case.store.each_cell().split_off(1);
    assert_eq!(before.len(), others.len());
    for (cell, line) in others.iter().zip(&before) {
        assert_eq!(line.events, 1);
        assert_eq!(cell.this_cell(()).await.unwrap().as_ref(), Some(&line.name));
    }
    for _ in 0..2 {
        case.store.add_cell(NewCell { name: name.clone() }).await.unwrap();
    }
    let mut after = vec![CellLine { name, events: 0 }];
    after.extend(before);
    assert_eq!(case.store.cell_lines(()).await.unwrap(), after);
}
