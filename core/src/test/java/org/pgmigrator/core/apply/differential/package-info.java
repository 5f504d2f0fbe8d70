/// Random workloads through every way of applying: each must end with the source's rows.
///
/// Owns: the generator of schemas and transactions ([RandomWorkload]), the comparison. Does not own: what is applied
/// how. A seed repeats its workload exactly; when the changes arrive is left to the machine.
@NullMarked
package org.pgmigrator.core.apply.differential;

import org.jspecify.annotations.NullMarked;
