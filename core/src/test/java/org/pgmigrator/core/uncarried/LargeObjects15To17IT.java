package org.pgmigrator.core.uncarried;

class LargeObjects15To17IT extends LargeObjectCases {

    LargeObjects15To17IT() {
        super(15, 17);
    }
}
