package org.pgmigrator.core.phase.cutover;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.SourceLockConfig.Mode;
import org.pgmigrator.core.config.VerifyConfig;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.cutover.DeferrableKeys;
import org.pgmigrator.core.cutover.Sequences;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SessionEnd;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.postgres.UnsteadyPartitions;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.validate.CarriedSequences;
import org.pgmigrator.core.verify.TableContent;
import org.pgmigrator.core.verify.Verification;
import org.pgmigrator.core.verify.VerifyReport;

/// What is set and compared on both sides once the target has everything: sequences, insert-only tables, deferrable
/// constraints, and what `--verify` asks for. Its sessions are opened beforehand.
final class CutoverProof implements AutoCloseable {

    private final CutoverScene scene;
    private final CutoverClock clock;
    private final Connection target;
    private final Connection source;
    private final @Nullable Verification verification;
    private final Set<QualifiedName> unproved;

    private CutoverProof(
            CutoverScene scene,
            CutoverClock clock,
            Connection target,
            Connection source,
            @Nullable Verification verification) {
        this.scene = scene;
        this.clock = clock;
        this.target = target;
        this.source = source;
        this.verification = verification;
        this.unproved = scene.config().sourceLock().mode() == Mode.TABLES
                ? Set.of()
                : scene.watch().carriedTables().stream()
                        .filter(CatalogTable::unlogged)
                        .map(CatalogTable::name)
                        .collect(Collectors.toSet());
    }

    static CutoverProof open(CutoverScene scene, CutoverClock clock) {
        Connection source = scene.source().connect(Session.named("proof"));
        try {
            Verification verification = scene.config().verify() == VerifyLevel.NONE
                    ? null
                    : Verification.open(
                            scene.source(),
                            scene.target(),
                            scene.filter(),
                            VerifyConfig.DEFAULT,
                            differencesOnly(scene.listener()));
            return new CutoverProof(scene, clock, scene.state().session(), source, verification);
        } catch (RuntimeException failed) {
            SessionEnd.close(source);
            throw failed;
        }
    }

    /// A thousand tables that are equal are one step, not a thousand lines.
    private static ProgressListener differencesOnly(ProgressListener listener) {
        return event -> {
            if (event instanceof ProgressEvent.VerifyResult result && !result.equal()) {
                listener.on(event);
            }
        };
    }

    /// Does beforehand what would take time under the lock.
    void prepare() throws CutoverGivenUp, InterruptedException {
        sequences(scene.watch().carriedTables());
        if (verification != null && scene.config().verify() != VerifyLevel.SCHEMA) {
            try {
                verification.prepare(this::isCompared, clock.remaining());
            } catch (TimeoutException late) {
                clock.requireTime("the comparison was not prepared: " + late.getMessage() + ";");
                throw new CutoverGivenUp("the comparison was not prepared in time: " + late.getMessage());
            }
        }
    }

    /// No marker tells whether an unlogged table was written to after it was copied; under the lock none is.
    private boolean isCompared(QualifiedName table) {
        return !unproved.contains(table);
    }

    /// Which ones there are is asked now: a sequence that was created since the copy is a change of schema like any
    /// other.
    private Set<QualifiedName> sequences(List<CatalogTable> tables) throws CutoverGivenUp {
        Set<QualifiedName> carried = carriedSequences(tables);
        List<QualifiedName> missing = Sequences.missing(target, carried);
        if (!missing.isEmpty()) {
            throw new CutoverGivenUp("sequences of the source do not exist on the target: " + missing);
        }
        return carried;
    }

    private Set<QualifiedName> carriedSequences(List<CatalogTable> tables) {
        try {
            return Set.copyOf(CarriedSequences.read(scene.observer(), scene.filter(), tables));
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The sequences could not be listed.", refusal);
        }
    }

    /// Sets the target's sequences to the source's, and reads them back.
    ///
    /// @param tables every carried table, as the source has them now
    /// @return which
    Set<QualifiedName> copySequences(List<CatalogTable> tables) throws CutoverGivenUp {
        Set<QualifiedName> carried = sequences(tables);
        Sequences.Copied copied = Sequences.copy(
                scene.observer(), target, carried::contains, scene.config().sequenceBuffer());
        copied.usedUp().forEach(line -> scene.listener().on(new ProgressEvent.Warning(line)));
        return carried;
    }

    /// Tables whose inserts alone were carried and that differ, a line each. While the source is written to it means
    /// nothing: see [#requireEqual].
    List<String> differentInsertOnly() {
        List<String> different = new ArrayList<>();
        try {
            for (CatalogTable table : comparableInsertOnly()) {
                TableContent there = TableContent.read(source, table);
                TableContent here = TableContent.read(target, table);
                if (!there.equals(here)) {
                    different.add(
                            table.name() + " (source " + there.rows() + " rows, target " + here.rows() + " rows)");
                }
            }
        } catch (SQLException refusal) {
            throw new MigrationException(
                    Failure.of(
                            FailureKind.CUTOVER_NOT_COMPLETED,
                            "The insert-only tables could not be compared.",
                            SqlState.serverWords(refusal)),
                    refusal);
        }
        return different;
    }

    /// Each as it can be compared: a table above a partition, where that one's rows may be in others.
    private Collection<CatalogTable> comparableInsertOnly() throws SQLException {
        Map<QualifiedName, QualifiedName> unsteady =
                scene.insertOnly().isEmpty() ? Map.of() : UnsteadyPartitions.read(source);
        Map<QualifiedName, CatalogTable> carried = scene.watch().carriedTables().stream()
                .collect(Collectors.toMap(CatalogTable::name, Function.identity()));
        Map<QualifiedName, CatalogTable> comparable = new LinkedHashMap<>();
        for (CatalogTable table : scene.insertOnly()) {
            QualifiedName name = unsteady.getOrDefault(table.name(), table.name());
            comparable.put(name, carried.getOrDefault(name, table));
        }
        return comparable.values();
    }

    static void requireEqual(List<String> different) {
        if (!different.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.VERIFICATION_MISMATCH,
                            "Tables whose inserts alone were carried differ: " + String.join(", ", different) + ".",
                            "rows were updated or deleted on the source during the migration")
                    .withRemedy("Start again with --without-identity full for these tables, or give them a key."));
        }
    }

    /// Proves the deferrable constraints of the target, and says how many there are.
    int proveDeferrable() {
        return DeferrableKeys.prove(target);
    }

    /// Compares what `--verify` asks for.
    ///
    /// @return what was found; empty if nothing was to be compared
    Optional<VerifyReport> verify() throws CutoverGivenUp, InterruptedException {
        if (verification == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(verification.run(scene.config().verify(), this::isCompared, clock.remaining()));
        } catch (TimeoutException late) {
            clock.requireTime("the comparison of both sides (--verify) had not come to its end");
            throw new CutoverGivenUp("the comparison took too long: " + late.getMessage());
        }
    }

    /// A prepared transaction is not in the stream until it is committed, and no marker can wait for that.
    static void requireNoPreparedTransactions(Connection source) throws CutoverGivenUp {
        List<String> prepared = new ArrayList<>();
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery(
                        "select gid from pg_prepared_xacts where database = current_database() order by prepared")) {
            while (row.next()) {
                prepared.add(row.getString(1));
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The prepared transactions could not be listed.", refusal);
        }
        if (!prepared.isEmpty()) {
            throw new CutoverGivenUp("prepared transactions are open on the source, commit them or roll them back: "
                    + String.join(", ", prepared));
        }
    }

    @Override
    public void close() {
        SessionEnd.close(source);
        if (verification != null) {
            verification.close();
        }
    }
}
