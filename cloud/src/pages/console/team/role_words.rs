//! What people call the roles, and what each may do: the table of rights, in the order of its operations.

use crate::rights::{Operation, StaffRole};

/// A role, as people choose it.
pub struct RoleLine {
    /// Its word in forms.
    pub word: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Whom it is for, in a few words.
    pub is_for: &'static str,
    /// What it may do, in words.
    pub operations: Vec<&'static str>,
}

/// Lists all roles, the mightiest first.
pub fn role_lines() -> Vec<RoleLine> {
    let all = StaffRole::ALL.into_iter();
    let lines = all.map(|role| RoleLine {
        word: role.word(),
        name: name_of(role),
        is_for: is_for(role),
        operations: operations_of(role),
    });
    lines.collect()
}

fn operations_of(role: StaffRole) -> Vec<&'static str> {
    let all = Operation::ALL.iter().copied();
    all.filter(|operation| role.may(*operation))
        .map(Operation::words)
        .collect()
}

/// Returns what people call a role.
pub fn name_of(role: StaffRole) -> &'static str {
    match role {
        StaffRole::Owner => "Owner",
        StaffRole::Manager => "Manager",
        StaffRole::BoxOffice => "Box office",
        StaffRole::Support => "Support",
        StaffRole::GateAdmin => "Gates",
        StaffRole::Auditor => "Auditor",
        StaffRole::Viewer => "Viewer",
    }
}

fn is_for(role: StaffRole) -> &'static str {
    match role {
        StaffRole::Owner => "does everything, and says who else may do what",
        StaffRole::Manager => "makes and sells events, and writes to buyers",
        StaffRole::BoxOffice => "sells, helps buyers, voids tickets and gives money back",
        StaffRole::Support => "helps buyers",
        StaffRole::GateAdmin => "looks after hubs, scanners and gates",
        StaffRole::Auditor => "sees everything and changes nothing",
        StaffRole::Viewer => "sees events and figures",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_may_all_and_each_other_role_some_of_it() {
        let lines = role_lines();
        assert_eq!(lines[0].operations.len(), Operation::ALL.len());
        for line in &lines[1..] {
            let some = 1..Operation::ALL.len();
            assert!(some.contains(&line.operations.len()), "{}", line.name);
        }
    }
}
