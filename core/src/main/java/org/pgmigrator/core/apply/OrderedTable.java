package org.pgmigrator.core.apply;

import org.pgmigrator.core.config.QualifiedName;

/// A table whose changes are written one by one although windows were asked for.
///
/// @param barrier whether everything that came before is written first
/// @param reason  why, for people
public record OrderedTable(QualifiedName table, boolean barrier, String reason) {}
