package org.pgmigrator.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;

/// The layers of ARCHITECTURE.md. Each rule says why, and what to do instead.
@AnalyzeClasses(packages = "org.pgmigrator", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    private static final String[] ENGINES = {
        "org.pgmigrator.core.apply..",
        "org.pgmigrator.core.copy..",
        "org.pgmigrator.core.cutover..",
        "org.pgmigrator.core.lag..",
        "org.pgmigrator.core.snapshot..",
        "org.pgmigrator.core.spool..",
        "org.pgmigrator.core.stream..",
        "org.pgmigrator.core.uncarried..",
        "org.pgmigrator.core.validate..",
        "org.pgmigrator.core.verify.."
    };

    /// What composes them, and what it remembers, hears and shows.
    private static final String[] MIGRATION = {
        "org.pgmigrator.core.control..",
        "org.pgmigrator.core.phase..",
        "org.pgmigrator.core.state..",
        "org.pgmigrator.core.status.."
    };

    @ArchTest
    static final ArchRule decoderIsAFunctionOfBytes = classes()
            .that()
            .resideInAPackage("org.pgmigrator.decoder..")
            .should()
            .onlyDependOnClassesThat(
                    resideInAnyPackage("org.pgmigrator.decoder..", "java.lang..", "java.nio..", "java.util..")
                            .or(resideInAnyPackage("java.time..", "java.io..", "org.jspecify..")))
            .because("the decoder can be used and tested without a database; look-ups belong in core.stream, and what "
                    + "it has to know goes into the message");

    @ArchTest
    static final ArchRule decoderStartsNoThreads = noClasses()
            .that()
            .resideInAPackage("org.pgmigrator.decoder..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.util.concurrent..", "java.util.logging..", "java.sql..")
            .because("the decoder is a function; threads, logs and SQL are its caller's");

    @ArchTest
    static final ArchRule coreKnowsNoCommandLine = noClasses()
            .that()
            .resideInAPackage("org.pgmigrator.core..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("picocli..", "ch.qos.logback..", "com.fasterxml..", "org.pgmigrator.cli..")
            .because(
                    "core is used by other programs too: take a record of core.config, publish a ProgressEvent, log by "
                            + "SLF4J");

    @ArchTest
    static final ArchRule coreNeedsNoSandbox = noClasses()
            .that()
            .resideInAPackage("org.pgmigrator.core..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.pgmigrator.sandbox..")
            .because("throw-away servers are for tests and the demo; move what core needs into core");

    @ArchTest
    static final ArchRule coreDoesNotPrint = noClasses()
            .that()
            .resideInAnyPackage("org.pgmigrator.core..", "org.pgmigrator.decoder..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .because("stdout may be JSON for a script: publish a ProgressEvent or log instead");

    @ArchTest
    static final ArchRule coreDoesNotExit = noClasses()
            .that()
            .resideInAnyPackage("org.pgmigrator.core..", "org.pgmigrator.decoder..", "org.pgmigrator.sandbox..")
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Runtime.class, "halt", int.class)
            .because("only cli ends the process: throw a MigrationException, whose kind fixes the exit code");

    @ArchTest
    static final ArchRule cliHasNoSql = noClasses()
            .that()
            .resideInAPackage("org.pgmigrator.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "javax.sql..", "org.postgresql..")
            .because("cli only shows: put the query into core, or into sandbox if only the demo needs it");

    @ArchTest
    static final ArchRule enginesDoNotKnowTheOrderOfPhases = noClasses()
            .that()
            .resideInAnyPackage(ENGINES)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(MIGRATION)
            .because("core.phase composes the engines, and what is remembered, asked for and shown is of the whole "
                    + "migration: hand the engine a value or a callback instead")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule stateAndControlKnowNoPhase = noClasses()
            .that()
            .resideInAnyPackage(
                    "org.pgmigrator.core.state..", "org.pgmigrator.core.control..", "org.pgmigrator.core.status..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.pgmigrator.core.phase..")
            .because("what is remembered, asked for and shown is read where no phase is at work, too: let the phase "
                    + "call it");

    @ArchTest
    static final ArchRule noPhaseKnowsTheOrderOfPhases = noClasses()
            .that()
            .resideInAPackage("org.pgmigrator.core.phase.*..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.pgmigrator.core.phase")
            .because("core.phase is the table of contents: hand the phase a function for what comes after it");

    @ArchTest
    static final ArchRule cliDoesNotReachIntoTheMigration = noClasses()
            .that()
            .resideInAPackage("org.pgmigrator.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.pgmigrator.core.state..",
                    "org.pgmigrator.core.phase.stream..",
                    "org.pgmigrator.core.phase.cutover..")
            .because("these are public for core.phase: start a Migration, speak to it through core.control, and ask "
                    + "core.status how it stands");

    @ArchTest
    static final ArchRule streamDoesNotKnowTheApplier = noClasses()
            .that()
            .resideInAPackage("org.pgmigrator.core.stream..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.pgmigrator.core.apply..")
            .because("data flows from stream to apply: let the applier take what the stream yields")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule signalsAreHandledInOnePlace = noClasses()
            .that()
            .resideOutsideOfPackage("org.pgmigrator.cli.signal..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("sun.misc..")
            .because("two handlers of one signal undo each other: go through cli.signal.InterruptPolicy");

    @ArchTest
    static final ArchRule noOptionClassReachesCore = noClasses()
            .that()
            .resideInAnyPackage("org.pgmigrator.core..", "org.pgmigrator.decoder..")
            .should()
            .dependOnClassesThat()
            .haveNameMatching("sun\\..*")
            .because("internal classes of the JDK may go away with any release");

    /// Whose reading of the machine's clock is only shown: the time of day of a line or a name, which `Console` hands
    /// on,
    /// and since when the source says that it is closed.
    private static final String SHOWS_THE_TIME =
            "org\\.pgmigrator\\.cli\\.Main|org\\.pgmigrator\\.core\\.cutover\\.Fence";

    private static final Set<String> MAKES_NOW =
            Set.of("now", "system", "systemUTC", "systemDefaultZone", "tickSeconds", "tickMillis");

    private static final DescribedPredicate<JavaCall<?>> READS_THE_WALL_CLOCK = DescribedPredicate.describe(
            "the machine's clock is read", call -> switch (call.getTargetOwner().getName()) {
                case "java.lang.System" -> call.getName().equals("currentTimeMillis");
                case "java.util.Date", "java.sql.Timestamp" -> call.getName().equals("<init>");
                case "java.util.Calendar" -> call.getName().equals("getInstance");
                default ->
                    call.getTargetOwner().getPackageName().equals("java.time") && MAKES_NOW.contains(call.getName());
            });

    @ArchTest
    static final ArchRule nothingIsDecidedByTheMachinesClock = noClasses()
            .that()
            .resideInAnyPackage("org.pgmigrator.core..", "org.pgmigrator.cli..", "org.pgmigrator.decoder..")
            .and()
            .haveNameNotMatching(SHOWS_THE_TIME)
            .should()
            .callCodeUnitWhere(READS_THE_WALL_CLOCK)
            .because(
                    "it jumps, and no two machines agree: measure by System.nanoTime(), or compare one server's clock with"
                            + " itself; what only shows the time gets it from the Console");

    @ArchTest
    static final ArchRule packagesHaveNoCycles = slices().matching("org.pgmigrator.(**)")
            .should()
            .beFreeOfCycles()
            .because("a cycle means that neither side can be understood alone: move the shared type to the one that "
                    + "is on the left, or hand it over as a function");
}
