-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: 127.0.0.1    Database: main
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8 */;

DROP TABLE IF EXISTS `mysql_servers`;
CREATE TABLE mysql_servers (hostgroup_id INT CHECK (hostgroup_id>=0) NOT NULL DEFAULT 0 , hostname VARCHAR NOT NULL , port INT NOT NULL DEFAULT 3306 , status VARCHAR NOT NULL DEFAULT 'ONLINE' , weight INT NOT NULL DEFAULT 1 , PRIMARY KEY (hostgroup_id, hostname, port) );
LOCK TABLES `mysql_servers` WRITE;
INSERT INTO `mysql_servers` VALUES ('1','10.0.0.21','3306','ONLINE','5');
UNLOCK TABLES;

INSERT INTO `mysql_query_rules` (`rule_id`, `active`, `match_pattern`, `destination_hostgroup`, `apply`) VALUES ('3','1','it\'s \\d+; \"x\"','1','1');
INSERT INTO `stats_mysql_query_digest` VALUES ('a','b');
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
