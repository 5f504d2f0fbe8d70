/// What the operator asked for: immutable records, checked when they are made, a slice for each component.
///
/// Owns: values and their defaults. Does not own: where they come from (`cli` converts options and environment).
@NullMarked
package org.pgmigrator.core.config;

import org.jspecify.annotations.NullMarked;
