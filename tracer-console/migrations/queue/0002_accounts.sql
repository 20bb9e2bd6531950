-- Names of accounts of AWS tell the profile of AWS_PROFILE and the address, too: what they told before is marked as such.
UPDATE targets SET name = 'earlier ' || name WHERE name = 'aws' OR name GLOB 'aws *';
