package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;

class DatabaseParseTest {

    @TempDir
    private Path home;

    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void liveInAnEmptyHome() {
        environment.put("HOME", home.toString());
        environment.put("PGSYSCONFDIR", home.toString());
    }

    @Test
    void theStringWinsOverTheServiceFileAndThatOverTheEnvironment() throws IOException {
        Files.writeString(
                home.resolve(".pg_service.conf"),
                "# comment\n[other]\nhost=wrong\n\n[mine]\nhost=servicehost\nuser=serviceuser\nport=1\n[mine2]\nport=9\n");
        environment.put("PGSERVICE", "mine");
        environment.put("PGHOST", "envhost");
        environment.put("PGDATABASE", "envdb");
        environment.put("PGPORT", "2");
        assertThat(parse("user=stringuser").describe()).isEqualTo("servicehost:1/envdb as stringuser");
        assertThat(parse("service=mine2 user=u").describe()).isEqualTo("envhost:9/envdb as u");
    }

    @Test
    void aServiceThatIsNowhereIsNamedAsTheCause() {
        environment.put("PGSERVICE", "gone");
        assertThat(refusal("host=h")).contains("service");
        environment.put("PGSERVICEFILE", home.resolve("absent").toString());
        assertThat(refusal("host=h")).contains("absent");
    }

    @Test
    void aServiceFileInTheSystemDirectoryIsTheLastResort() throws IOException {
        Files.writeString(home.resolve("pg_service.conf"), "[system]\nhost=syshost\ndbname=d\n");
        assertThat(parse("service=system user=u").describe()).isEqualTo("syshost:5432/d as u");
    }

    @Test
    void aMistakeInAServiceFileIsNamedByItsLine() throws IOException {
        Files.writeString(home.resolve(".pg_service.conf"), "[mine]\nhost=h\npasswort=geheim\n");
        assertThat(refusal("service=mine")).contains("line 3").doesNotContain("geheim");
    }

    @Test
    void userDefaultsToTheOperatingSystemsAndDatabaseToTheUser() {
        assertThat(parse("host=h").user()).isEqualTo(System.getProperty("user.name"));
        Database database = parse("host=h user=app");
        assertThat(database.name()).isEqualTo("app");
        assertThat(database.describe()).isEqualTo("h:5432/app as app");
    }

    @Test
    void anEmptyValueHidesTheEnvironment() {
        environment.put("PGDATABASE", "envdb");
        assertThat(parse("host=h user=app dbname=''").name()).isEqualTo("app");
    }

    @ParameterizedTest
    @CsvSource({
        "host=/var/run/postgresql, host=localhost",
        "host=@abstract, host=localhost",
        "dbname=d, host=localhost",
        "'host=a,,b', localhost"
    })
    void aUnixSocketIsRefusedWithWhatToWriteInstead(String text, String remedy) {
        assertThat(refusal(text)).contains("Unix-domain socket", remedy);
    }

    @ParameterizedTest
    @CsvSource({
        "'host=a,b port=1,2,3', port",
        "'host=a,b hostaddr=1.1.1.1', hostaddr",
        "host=a port=x, port",
        "host=a port=70000, port",
        "host=a port=0, port",
        "host=a sslmode=always, sslmode",
        "host=a connect_timeout=soon, connect_timeout",
        "host=a target_session_attrs=best, target_session_attrs",
        "host=a require_auth=kerberos, require_auth",
        "'host=a require_auth=md5,!password', require_auth",
        "host=a channel_binding=yes, channel_binding",
        "host=a sslrootcert=system sslmode=require, sslrootcert=system",
        "host=a sslnegotiation=direct, sslnegotiation",
        "host=a hostaddr=db.example.org, hostaddr"
    })
    void aWrongValueIsRefusedByTheParametersName(String text, String parameter) {
        assertThat(refusal(text)).contains(parameter);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "replication=database",
                "sslpassword=x",
                "sslcrl=x",
                "sslcrldir=x",
                "scram_client_key=x",
                "oauth_issuer=x",
                "sslcertmode=require",
                "ssl_min_protocol_version=TLSv1.3"
            })
    void whatMayNotBeIgnoredIsRefusedByName(String parameter) {
        assertThat(refusal("host=h " + parameter)).contains(parameter.substring(0, parameter.indexOf('=')));
    }

    @Test
    void whatHasNoEffectIsWarnedAboutByNameAndOrigin() {
        environment.put("PGAPPNAME", "x");
        Database database = parse("host=h tcp_user_timeout=1 sslsni=0");
        assertThat(database.warnings())
                .hasSize(3)
                .anyMatch(warning -> warning.contains("application_name (from PGAPPNAME)"))
                .anyMatch(warning -> warning.contains("tcp_user_timeout"))
                .anyMatch(warning -> warning.contains("sslsni"));
        assertThat(parse("host=g").warnings()).hasSize(1);
    }

    @Test
    void everyParameterOfLibpqIsKnown() {
        String documented =
                "host hostaddr port dbname user password passfile require_auth channel_binding connect_timeout"
                        + " client_encoding options application_name fallback_application_name keepalives keepalives_idle"
                        + " keepalives_interval keepalives_count tcp_user_timeout replication gssencmode sslmode"
                        + " sslnegotiation sslcompression sslcert sslkey sslkeylogfile sslpassword sslcertmode sslrootcert sslcrl"
                        + " sslcrldir sslsni requirepeer ssl_min_protocol_version ssl_max_protocol_version"
                        + " min_protocol_version max_protocol_version krbsrvname gsslib gssdelegation scram_client_key"
                        + " scram_server_key service target_session_attrs load_balance_hosts oauth_issuer oauth_client_id"
                        + " oauth_client_secret oauth_scope";
        assertThat(documented.split(" "))
                .allSatisfy(keyword ->
                        assertThat(LibpqParameter.of(keyword)).as(keyword).isNotNull());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "host=h user=u dbname=d | byname",
                "host=h user=u dbname=d port=77 | byport",
                "host=h user=other dbname=d | anyone",
                "host=h user=a:b\\c dbname=d | esc:aped\\",
                "hostaddr=10.0.0.9 user=u dbname=d | byaddress",
                "host=elsewhere user=u dbname=d | ",
            })
    void thePasswordFileIsMatchedAsLibpqMatchesIt(String text, String expected) throws IOException {
        passwordFile("""
                # h:5432:d:u:comment

                broken
                h:77:d:u:byport
                h:*:d:u:byname
                h:5432:d:a\\:b\\\\c:esc\\:aped\\\\
                h:*:*:*:anyone
                10.0.0.9:5432:d:u:byaddress
                """, "rw-------");
        Map<String, String> child =
                parse(text.replace("\\", "\\\\")).forChildProcess().environment();
        if (expected == null) {
            assertThat(child).doesNotContainKey("PGPASSWORD");
        } else {
            assertThat(child).containsEntry("PGPASSWORD", expected);
        }
    }

    @Test
    void aPasswordFileThatOthersCanReadIsIgnoredWithAWarning() throws IOException {
        passwordFile("*:*:*:*:geheim\n", "rw-r--r--");
        Database database = parse("host=h");
        assertThat(database.forChildProcess().environment()).doesNotContainKey("PGPASSWORD");
        assertThat(database.warnings()).singleElement().asString().contains(".pgpass", "0600");
    }

    @Test
    void aGivenPasswordWinsOverThePasswordFile() throws IOException {
        passwordFile("*:*:*:*:fromfile\n", "rw-------");
        environment.put("PGPASSWORD", "fromenv");
        assertThat(parse("host=h").forChildProcess().environment()).containsEntry("PGPASSWORD", "fromenv");
        assertThat(parse("host=h password=given").forChildProcess().environment())
                .containsEntry("PGPASSWORD", "given");
    }

    @Test
    void aChildGetsTheSameWayWithoutPasswordOnItsCommandLine() {
        Database database =
                parse("postgresql://us%27er:se%20cret@h1:1,h2:2/d%5Cb%20x?connect_timeout=7&application_name=z"
                        + "&options=-c%20work_mem%3D5MB&sslmode=disable");
        ChildConnection child = database.forChildProcess(17);
        assertThat(child.conninfo())
                .isEqualTo("host=h1,h2 port=1,2 dbname='d\\\\b x' user='us\\'er' sslmode=disable connect_timeout=7");
        assertThat(child.environment()).containsEntry("PGPASSWORD", "se cret");
        assertThat(child.environment().get("PGOPTIONS"))
                .startsWith("-c work_mem=5MB -c ")
                .contains("-c default_transaction_read_only=off", "-c transaction_timeout=0", "-c lock_timeout=0");
        assertThat(child.toString()).doesNotContain("cret");
        assertThat(database.forChildProcess().environment().get("PGOPTIONS")).doesNotContain("transaction_timeout");
        // What is written is read again as the same.
        assertThat(parse(child.conninfo()).describe()).isEqualTo(database.describe());
    }

    @Test
    void differentPasswordsForDifferentHostsStayInThePasswordFile() throws IOException {
        passwordFile("h1:*:*:*:one\nh2:*:*:*:two\n", "rw-------");
        ChildConnection child = parse("host=h1,h2 user=u").forChildProcess();
        assertThat(child.environment()).doesNotContainKey("PGPASSWORD");
        assertThat(child.conninfo()).contains("passfile=" + home.resolve(".pgpass"));
    }

    @Test
    void aChildsEnvironmentIsClearedOfOurOwnVariables() {
        Map<String, String> process = new HashMap<>(Map.of(
                "PGHOST", "x", "PGSERVICE", "x", "PGTZ", "x", "PGSSLMODE", "x", "PATH", "/bin", "PGPASSWORD", "o"));
        parse("host=h password=p").forChildProcess().applyTo(process);
        assertThat(process).containsOnlyKeys("PATH", "PGPASSWORD", "PGOPTIONS").containsEntry("PGPASSWORD", "p");
    }

    @Test
    void verificationNeedsARootCertificate() {
        assertThat(refusal("host=h sslmode=verify-full")).contains("root.crt", "sslrootcert=system");
        assertThat(refusal("host=h sslmode=verify-ca sslrootcert=/nowhere")).contains("/nowhere");
        assertThat(parse("host=h sslmode=require").forChildProcess().conninfo()).contains("sslmode=require");
        assertThat(parse("host=h sslrootcert=system").forChildProcess().conninfo())
                .contains("sslmode=verify-full sslrootcert=system");
    }

    @Test
    void aKeyInAFormThatTheDriverCannotReadIsRefusedWithTheCommandThatConvertsIt() throws IOException {
        Path certificate = Files.writeString(home.resolve("client.crt"), "unused");
        Path key = Files.writeString(home.resolve("client.key"), "-----BEGIN RSA PRIVATE KEY-----\nabc\n");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        assertThat(refusal("host=h sslcert=" + certificate + " sslkey=" + key)).contains("openssl pkcs8 -topk8");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(refusal("host=h sslcert=" + certificate + " sslkey=" + key)).contains("0600");
        assertThat(refusal("host=h sslcert=" + certificate)).contains("postgresql.key", "does not exist");
    }

    @Test
    void aBrokenDefaultKeyIsAWarningOnly() throws IOException {
        Files.createDirectory(home.resolve(".postgresql"));
        Files.writeString(home.resolve(".postgresql/postgresql.crt"), "unused");
        assertThat(parse("host=h").warnings()).singleElement().asString().contains("postgresql.key");
    }

    @Test
    void severalHostsAreDescribedInTheirOrder() {
        assertThat(parse("postgresql://u@h1,[::1]:6/d").describe()).isEqualTo("h1:5432,[::1]:6/d as u");
        assertThat(parse("host=h hostaddr=127.0.0.1 user=u dbname=d").describe())
                .isEqualTo("h:5432/d as u");
        assertThat(parse("hostaddr=::1 user=u dbname=d").describe()).isEqualTo("[::1]:5432/d as u");
    }

    private void passwordFile(String content, String permissions) throws IOException {
        Path file = Files.writeString(home.resolve(".pgpass"), content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    }

    private Database parse(String text) {
        return Database.parse(Side.SOURCE, new Secret(text), environment);
    }

    private String refusal(String text) {
        MigrationException refused = catchThrowableOfType(MigrationException.class, () -> parse(text));
        assertThat(refused).as(text).isNotNull();
        assertThat(refused.failure().kind()).isEqualTo(FailureKind.CONNECTION_STRING);
        return refused.failure().why() + " " + refused.failure().remedy();
    }
}
