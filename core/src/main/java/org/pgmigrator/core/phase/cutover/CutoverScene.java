package org.pgmigrator.core.phase.cutover;

import java.sql.Connection;
import java.util.List;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.phase.stream.AppliedTotals;
import org.pgmigrator.core.phase.stream.StreamApply;
import org.pgmigrator.core.phase.stream.StreamSession;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.uncarried.Uncarried;

/// What a cutover works with.
///
/// @param observer     an ordinary session on the source, used by the migration's thread only
/// @param subscription the migration's name
/// @param slot         by which the sessions of the source's lock are named
/// @param appliedBefore by earlier sessions of this process
/// @param insertOnly   tables whose updates and deletes were not published: their content is compared
/// @param uncarried    what it knows of large objects outlives the attempt
public record CutoverScene(
        CutoverConfig config,
        FilterConfig filter,
        Database source,
        Database target,
        Connection observer,
        StateStore state,
        String subscription,
        String slot,
        StreamSession session,
        AppliedTotals appliedBefore,
        StreamApply watch,
        List<CatalogTable> insertOnly,
        Uncarried uncarried,
        OperatorControl control,
        ProgressListener listener) {

    public CutoverScene {
        insertOnly = List.copyOf(insertOnly);
    }
}
