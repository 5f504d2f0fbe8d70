package org.pgmigrator.core.uncarried;

class LargeObjects17To17IT extends LargeObjectCases {

    LargeObjects17To17IT() {
        super(17, 17);
    }
}
